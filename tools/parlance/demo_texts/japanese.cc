#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"陽子", "yoko"}, {"健太", "kenta"}, {"美咲", "misaki"},
                       {"翔", "sho"},    {"由美", "yumi"},  {"大輔", "daisuke"}};
constexpr Name family[]{{"佐藤", "sato"},     {"鈴木", "suzuki"},    {"高橋", "takahashi"},
                        {"渡辺", "watanabe"}, {"小林", "kobayashi"}, {"斎藤", "saito"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "荷物が届きません（注文番号 {order}）",
     "お世話になっております。注文番号 {order} の {product} がまだ届いておりません。追跡番号 {tracking} "
     "は一週間前から更新されていないようです。状況をご確認いただけますでしょうか。\n\n{name}",
     "",
     "{name} 様\n\nお問い合わせありがとうございます。{tracking} "
     "は成田の通関を終え、明後日お届けの予定です。届かない場合は無料で再送いたします。\n\n{agent}"},
    {Matter::damaged, "商品が破損していました（{order}）",
     "本日届いた {product} にひびが入っていました。箱もつぶれています。交換をお願いできますか。\n\n{name}",
     "",
     "{name} "
     "様\n\nこのたびは誠に申し訳ございません。本日中に新しい商品を発送いたします。破損した商品の返送は不要で"
     "す。\n\n{agent}"},
    {Matter::size, "サイズ交換のお願い（{order}）",
     "{product} のサイズが小さかったため、一つ上のサイズに交換したいです。注文番号は {order} です。", "",
     "{name} "
     "様\n\n承知いたしました。一つ上のサイズを確保しております。返送ラベルはマイページから無料でご利用いただ"
     "けます。\n\n{agent}"},
    {Matter::refund, "返金について（{order}）",
     "注文番号 {order} を三週間前に返品しましたが、まだ返金されていません。いつ頃になりますか。\n\n{name}",
     "",
     "{name} "
     "様\n\nお待たせして申し訳ございません。本日返金の手続きを完了いたしました。三営業日ほどで反映されます。"
     "\n\n{agent}"}};
}  // namespace

extern const LanguageTexts japanese{
    .tag = "ja",
    .utc_offset_hours = 9,
    .weight = 6,
    .phone = "+8190",
    .mail_domain = "yubin.example",
    .family_name_first = true,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"Fjell レインジャケット", "Skua トレッキングブーツ", "Birk ウールセーター",
                 "Tarn 45 バックパック", "Polaris ヘッドランプ", "Ember バーナー", "Drift 寝袋",
                 "Kolibri トラベルケトル"},
    .matters = matter,
    .nudge = "{order} の件、その後いかがでしょうか。",
    .angry = "三度目のご連絡です。明日までにお返事がなければ、カード会社に相談いたします。",
    .detail = "ご依頼の情報です。シリアル番号 PL-2207-5510、写真を添付しました。",
    .thanks = "迅速なご対応、ありがとうございました。",
    .back = "申し訳ありませんが、まだ解決していないようです。もう一度ご確認いただけますか。",
    .checking =
        "{name} "
        "様\n\nただいま倉庫と運送会社に確認しております。遅くとも明日までにご連絡いたします。\n\n{agent}",
    .solved =
        "{name} 様\n\nご注文 {order} の件、対応が完了いたしました。お客様のお手続きは不要です。\n\n{agent}",
    .farewell = "とんでもないことでございます。またいつでもご連絡ください。\n{agent}"};
}  // namespace parlance::tools::demo
