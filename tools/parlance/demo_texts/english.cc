#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"Oluwaseun", "oluwaseun"}, {"Charlotte", "charlotte"}, {"Rhys", "rhys"},
                       {"Siobhán", "siobhan"},     {"Priya", "priya"},         {"Callum", "callum"},
                       {"Beatrix", "beatrix"},     {"Hamish", "hamish"},       {"Nadia", "nadia"}};
constexpr Name family[]{{"O’Connell", "oconnell"}, {"Adeyemi", "adeyemi"}, {"Fairweather", "fairweather"},
                        {"Raman", "raman"},        {"MacLeod", "macleod"}, {"Whitlock", "whitlock"},
                        {"Hughes", "hughes"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Where is my parcel? Order {order}",
     "Hello,\n\nMy {product} (order {order}) was due last Thursday. Tracking {tracking} has said “in "
     "transit” ever since. We leave for the Cairngorms on Saturday and I need it by then. Could you find out "
     "where it is?\n\nThanks,\n{name}",
     "Tracking says {tracking} was delivered and signed for by “M”. There is no M at this address. Help?",
     "Hi {first},\n\nThe parcel {tracking} had been sorted to the wrong depot. It is on a van to you "
     "tomorrow; if it is not there by Friday we send another one by courier, at our cost.\n\nBest "
     "wishes,\n{agent}"},
    {Matter::customs, "Charged customs twice on {order}",
     "Hi,\n\nYour site says duties are included, but the courier wants £38.20 before they hand over "
     "{tracking}. I am not paying twice. Please sort this out with them.\n\n{name}",
     "",
     "Hi {first},\n\nYou are right, duties were paid at checkout. The courier has our proof now and will "
     "deliver without asking for anything. Please don’t pay them.\n\nBest wishes,\n{agent}"},
    {Matter::size, "Exchange for a larger size, {order}",
     "Hello! Lovely quality, but the size is too tight ({product}, order {order}). Can I swap for one size "
     "up?\n\n{name}",
     "",
     "Hi {first},\n\nOf course. One size up is put aside for you and the free return label is in your "
     "account.\n\nBest wishes,\n{agent}"},
    {Matter::damaged, "Arrived broken: {order}",
     "Just opened the box and the {product} is cracked right down one side. The carton looks as if somebody "
     "sat on it. I’d like a replacement please, photos attached.\n\n{name}",
     "",
     "Hi {first},\n\nI’m so sorry. A new one leaves the warehouse today by express. Keep or recycle the "
     "broken one, no need to send it back.\n\nBest wishes,\n{agent}"},
    {Matter::refund, "Refund still missing for {order}",
     "Hello,\n\nI returned {order} on the 1st and you confirmed that you have it. It is three weeks later "
     "and my card shows nothing. When will I be refunded?\n\n{name}",
     "",
     "Hi {first},\n\nYour refund was stuck waiting for an approval, which it now has. You’ll see it within "
     "three working days. I’m sorry about the wait.\n\nBest wishes,\n{agent}"},
    {Matter::warranty, "Warranty for {product}",
     "Hi, my {product} gave up after nine months, halfway up Helvellyn. Order {order}. What do you need for "
     "the warranty?\n\n{name}",
     "",
     "Hi {first},\n\nNot the place to be let down, sorry. It is covered: send us a photo of the serial "
     "number and a new one is on its way.\n\nBest wishes,\n{agent}"},
    {Matter::cancel, "Please cancel {order}",
     "Hi, I ordered the wrong colour. Could you cancel {order} before it ships? I’ll order again straight "
     "away.",
     "",
     "Hi {first},\n\nCaught it in time: {order} is cancelled and nothing is charged.\n\nBest "
     "wishes,\n{agent}"},
    {Matter::address, "Wrong flat number on {order}",
     "Hello, I put flat 2 and it should be flat 12 on order {order}. Can this still be changed?\n\n{name}",
     "", "Hi {first},\n\nChanged to flat 12, and the courier knows too.\n\nBest wishes,\n{agent}"},
    {Matter::invoice, "VAT invoice for {order}",
     "Hello, could I have a VAT invoice in the company’s name for order {order}? Our accountant is "
     "asking.\n\n{name}",
     "",
     "Hi {first},\n\nThe VAT invoice in the company’s name is attached, and in your account as well.\n\nBest "
     "wishes,\n{agent}"},
    {Matter::question, "Is the {product} coming back?",
     "Will you have the {product} again before Christmas? And do you ship to the Isle of Skye?", "",
     "Hi {first},\n\nYes to both: new stock arrives next week, and Skye takes one day longer than the "
     "mainland.\n\nBest wishes,\n{agent}"}};
}  // namespace

extern const LanguageTexts english{
    .tag = "en",
    .utc_offset_hours = 0,
    .weight = 12,
    .phone = "+44770",
    .mail_domain = "post.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"Fjell rain jacket", "Skua boots", "Birk wool jumper", "Tarn 45 backpack",
                 "Polaris head torch", "Ember stove", "Drift sleeping bag", "Kolibri travel kettle"},
    .matters = matter,
    .nudge = "Hi, any news about {order}? I haven’t heard back yet.",
    .angry =
        "This is the third time I am writing. If nobody answers by tomorrow I’ll raise a chargeback with my "
        "bank.",
    .detail = "Here is what you asked for: serial number PL-2207-7719, photo attached.",
    .thanks = "Thank you so much, that was quick!",
    .back =
        "Sorry to bother you again, but it is not solved: nothing has happened since. Could you have another "
        "look?",
    .checking =
        "Hi {first},\n\nI’m checking this with the warehouse and the carrier and will write again by "
        "tomorrow at the latest.\n\nBest wishes,\n{agent}",
    .solved =
        "Hi {first},\n\nGood news: it’s all sorted for order {order}. Nothing left for you to do.\n\nBest "
        "wishes,\n{agent}",
    .farewell = "You’re very welcome, {first}!\n{agent}"};
}  // namespace parlance::tools::demo
