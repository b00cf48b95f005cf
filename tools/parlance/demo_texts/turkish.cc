#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{
    {"Ayşe", "ayse"}, {"Mehmet", "mehmet"}, {"Gülşen", "gulsen"}, {"Çağrı", "cagri"}, {"Zeynep", "zeynep"}};
constexpr Name family[]{
    {"Yılmaz", "yilmaz"}, {"Öztürk", "ozturk"}, {"Şahin", "sahin"}, {"Doğan", "dogan"}, {"Kılıç", "kilic"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Kargom nerede? Sipariş {order}",
     "Merhaba,\n\n{order} numaralı siparişim ({product}) on gündür yolda, {tracking} takip numarasında "
     "hiçbir hareket yok. Kontrol eder misiniz?\n\n{name}",
     "",
     "Merhaba {first},\n\n{tracking} numaralı gönderi bugün dağıtım merkezine ulaştı, yarın teslim edilecek. "
     "Cumaya kadar gelmezse ücretsiz yenisini göndeririz.\n\nSevgiler,\n{agent}"},
    {Matter::customs, "Gümrük vergisi, {order}",
     "Merhaba, {tracking} numaralı paket gümrükte bekliyor ve benden fatura istiyorlar. Faturayı "
     "gönderebilir misiniz?\n\n{name}",
     "",
     "Merhaba {first},\n\nTicari faturayı gümrüğe ilettik, bir kopyası da hesabınızda. Sizin bir ödeme "
     "yapmanız gerekmiyor.\n\nSevgiler,\n{agent}"},
    {Matter::damaged, "Ürün hasarlı geldi: {order}",
     "Merhaba, bugün gelen {product} kırık çıktı. Değişim istiyorum, fotoğraflar ekte.\n\n{name}", "",
     "Merhaba {first},\n\nÇok özür dileriz. Yenisini bugün gönderiyoruz, hasarlı ürünü iade etmenize gerek "
     "yok.\n\nSevgiler,\n{agent}"},
    {Matter::refund, "Para iadesi, {order}",
     "Merhaba, {order} numaralı siparişi üç hafta önce iade ettim ama param hâlâ yatmadı. Ne zaman yatacak?",
     "",
     "Merhaba {first},\n\nİadeniz bugün onaylandı, üç iş günü içinde kartınıza yansır. Gecikme için özür "
     "dileriz.\n\nSevgiler,\n{agent}"}};
}  // namespace

extern const LanguageTexts turkish{
    .tag = "tr",
    .utc_offset_hours = 3,
    .weight = 6,
    .phone = "+90532",
    .mail_domain = "posta.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"Fjell yağmurluk", "Skua bot", "Birk yün kazak", "Tarn 45 sırt çantası",
                 "Polaris kafa lambası", "Ember ocak", "Drift uyku tulumu", "Kolibri su ısıtıcısı"},
    .matters = matter,
    .nudge = "Merhaba, {order} ile ilgili bir gelişme var mı?",
    .angry = "Üçüncü kez yazıyorum, kimse cevap vermiyor. Yarına kadar dönüş olmazsa şikâyetçi olacağım.",
    .detail = "İstediğiniz bilgiler: seri numarası PL-2207-6027, fotoğraf ekte.",
    .thanks = "Hızlı yardımınız için çok teşekkürler!",
    .back = "Kusura bakmayın ama sorun hâlâ çözülmedi. Tekrar bakar mısınız?",
    .checking =
        "Merhaba {first},\n\nDepo ve kargo firmasıyla görüşüyorum, en geç yarın size "
        "döneceğim.\n\nSevgiler,\n{agent}",
    .solved =
        "Merhaba {first},\n\nGüzel haber: {order} numaralı siparişinizle ilgili her şey "
        "çözüldü.\n\nSevgiler,\n{agent}",
    .farewell = "Rica ederim {first}, iyi günler!\n{agent}"};
}  // namespace parlance::tools::demo
