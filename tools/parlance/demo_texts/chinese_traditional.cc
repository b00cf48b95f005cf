#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"怡君", "yichun"}, {"志明", "chihming"}, {"雅婷", "yating"}, {"冠宇", "kuanyu"},
                       {"淑芬", "shufen"}, {"嘉豪", "kaho"},     {"詠詩", "wingsze"}};
constexpr Name family[]{{"陳", "chen"}, {"林", "lin"},   {"黃", "huang"}, {"張", "chang"},
                        {"蔡", "tsai"}, {"梁", "leung"}, {"何", "ho"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "包裹還沒收到，訂單 {order}",
     "您好，訂單 {order} 的 {product} 寄出兩個星期了，追蹤號碼 {tracking} 都沒有更新，請幫忙查一下，謝謝。",
     "",
     "{name} 您好：\n\n已和物流公司確認，{tracking} "
     "今天會從桃園出貨，預計後天送達。若週五還沒收到，我們會免費補寄。\n\n{agent}"},
    {Matter::customs, "海關要求文件，{order}",
     "您好，海關說包裹 {tracking} 需要實名認證和商業發票，請把發票傳給我，謝謝。", "",
     "{name} "
     "您好：\n\n商業發票已直接傳給報關行，也放在您的帳戶裡。關稅我們已先付，您不用再付費。\n\n{agent}"},
    {Matter::size, "尺寸不合，訂單 {order}", "您好，收到的 {product} 太小了，可以換大一號嗎？", "",
     "{name} 您好：\n\n可以的，大一號已幫您保留，退貨單免費，請到帳戶下載。\n\n{agent}"},
    {Matter::damaged, "商品有瑕疵：{order}",
     "您好，今天收到的 {product} 有一道裂痕，外箱也壓壞了，我有拍照，希望可以換新。", "",
     "{name} 您好：\n\n真的很抱歉。新品今天就會寄出，有瑕疵的不用寄回。\n\n{agent}"},
    {Matter::refund, "退款進度，{order}",
     "您好，訂單 {order} 已經退貨三個星期，錢還沒有退回信用卡，請問什麼時候會退？", "",
     "{name} 您好：\n\n退貨已驗收完成，款項今天退刷，依銀行作業約三到五個工作天。讓您久等了。\n\n{agent}"},
    {Matter::question, "想請問 {product}", "請問 {product} 可以寄到香港嗎？運費多少？", "",
     "{name} 您好：\n\n可以寄到香港，滿八百港幣免運，約四到六天到貨。\n\n{agent}"}};
}  // namespace

extern const LanguageTexts chinese_traditional{
    .tag = "zh-Hant",
    .utc_offset_hours = 8,
    .weight = 7,
    .phone = "+886912",
    .mail_domain = "youjian.example",
    .family_name_first = true,
    .name_separator = "",
    .given_names = given,
    .family_names = family,
    .products = {"Fjell 防水外套", "Skua 登山靴", "Birk 羊毛衣", "Tarn 45 背包", "Polaris 頭燈", "Ember 爐頭",
                 "Drift 睡袋", "Kolibri 旅行水壺"},
    .matters = matter,
    .nudge = "您好，請問訂單 {order} 有消息了嗎？",
    .angry = "我已經寫了三次都沒有人回，再不處理我就要申訴了。",
    .detail = "這是您要的資料：序號 PL-2207-3372，照片在附件。",
    .thanks = "謝謝您，處理得很快！",
    .back = "不好意思，問題還是一樣，沒有解決，麻煩再確認一次。",
    .checking = "{name} 您好：\n\n我正在和倉庫確認，最晚明天回覆您。\n\n{agent}",
    .solved = "{name} 您好：\n\n訂單 {order} 的問題已經處理好了，您不需要再做任何事。\n\n{agent}",
    .farewell = "不客氣，{name}！有需要隨時找我們。\n{agent}"};
}  // namespace parlance::tools::demo
