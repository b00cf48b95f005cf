#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"Jürgen", "juergen"}, {"Anneliese", "anneliese"}, {"Thorsten", "thorsten"},
                       {"Käthe", "kaethe"},   {"Björn", "bjoern"},        {"Sabine", "sabine"},
                       {"Lukas", "lukas"},    {"Franziska", "franziska"}, {"Matthias", "matthias"},
                       {"Ulrike", "ulrike"},  {"Felix", "felix"},         {"Hannah", "hannah"}};
constexpr Name family[]{{"Weiß", "weiss"},      {"Müller", "mueller"},  {"Schröder", "schroeder"},
                        {"Vogel", "vogel"},     {"Krämer", "kraemer"},  {"Brandt", "brandt"},
                        {"Hofmann", "hofmann"}, {"Lindner", "lindner"}, {"Böhm", "boehm"},
                        {"Richter", "richter"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Wo bleibt mein Paket? Bestellung {order}",
     "Guten Tag,\n\nmeine Bestellung {order} („{product}“) sollte am Montag ankommen. Die Sendungsnummer "
     "{tracking} zeigt seit vier Tagen denselben Stand. Können Sie bitte nachsehen, wo das Paket ist?\n\nMit "
     "freundlichen Grüßen\n{name}",
     "Hallo, die Sendung {tracking} steht seit Tagen auf „in Zustellung“, aber hier kam niemand vorbei. Ich "
     "war die ganze Zeit zu Hause. Was ist da los?\n\n{name}",
     "Hallo {first},\n\ndanke für Ihre Nachricht. Die Sendung {tracking} liegt im Verteilzentrum Leipzig und "
     "geht heute weiter; die Zustellung ist für übermorgen geplant. Wenn sie bis dahin nicht da ist, "
     "schicken wir Ihnen kostenlos Ersatz.\n\nViele Grüße\n{agent}"},
    {Matter::customs, "Zollrechnung für {order}",
     "Guten Tag,\n\nder Zoll in Zürich verlangt für die Sendung {tracking} eine Handelsrechnung mit "
     "Warennummer. Bitte schicken Sie mir diese so schnell wie möglich, sonst geht das Paket "
     "zurück.\n\n{name}",
     "",
     "Hallo {first},\n\ndie Handelsrechnung mit der Warennummer haben wir gerade direkt an das Zollamt "
     "geschickt, eine Kopie liegt in Ihrem Kundenkonto. Abgaben fallen für Sie nicht an, die haben wir "
     "bereits bezahlt.\n\nViele Grüße\n{agent}"},
    {Matter::size, "Falsche Größe: {order}",
     "Hallo,\n\n„{product}“ aus der Bestellung {order} fällt leider viel zu klein aus. Kann ich eine Nummer "
     "größer bekommen, und wer zahlt die Rücksendung?\n\nDanke und Gruß\n{name}",
     "",
     "Hallo {first},\n\nselbstverständlich tauschen wir um. Das Rücksendeetikett ist kostenlos und liegt in "
     "Ihrem Kundenkonto; die größere Größe ist für Sie reserviert und geht heute noch raus.\n\nViele "
     "Grüße\n{agent}"},
    {Matter::damaged, "Beschädigt angekommen: {order}",
     "Sehr geehrte Damen und Herren,\n\ndas Paket kam heute an, der Karton war an einer Ecke eingedrückt und "
     "„{product}“ hat einen deutlichen Riss. Ich bitte um Ersatz. Fotos kann ich gern schicken.\n\n{name}",
     "Leider schon wieder: „{product}“ kam zerkratzt an. Verpackt war es nur in einer dünnen Folie. "
     "Bestellung {order}. So geht das nicht.",
     "Hallo {first},\n\ndas tut uns leid. Ersatz ist schon unterwegs, die neue Sendungsnummer bekommen Sie "
     "heute Abend. Das beschädigte Stück müssen Sie nicht zurückschicken.\n\nViele Grüße\n{agent}"},
    {Matter::refund, "Erstattung noch nicht da, {order}",
     "Guten Tag,\n\nich habe die Ware aus der Bestellung {order} vor drei Wochen zurückgeschickt. Laut "
     "Sendungsverfolgung haben Sie sie am 2. erhalten, auf meinem Konto ist aber bis heute nichts "
     "angekommen. Wann bekomme ich mein Geld?\n\n{name}",
     "",
     "Hallo {first},\n\nIhre Rücksendung ist bei uns angekommen und geprüft. Die Erstattung wurde heute "
     "freigegeben und ist in zwei bis drei Werktagen auf Ihrem Konto. Entschuldigen Sie bitte, dass es so "
     "lange gedauert hat.\n\nViele Grüße\n{agent}"},
    {Matter::warranty, "Garantiefall {product}",
     "Hallo,\n\n„{product}“ (Bestellung {order}) funktioniert nach acht Monaten nicht mehr richtig. Ich "
     "nehme an, das ist ein Fall für die Garantie? Rechnung habe ich noch.\n\nBeste Grüße\n{name}",
     "",
     "Hallo {first},\n\nja, das ist klar ein Garantiefall. Bitte schicken Sie uns kurz ein Foto der "
     "Seriennummer auf der Unterseite, dann geht ein neues Exemplar an Sie raus.\n\nViele Grüße\n{agent}"},
    {Matter::cancel, "Bestellung {order} stornieren",
     "Guten Tag, ich habe mich vertan und möchte die Bestellung {order} stornieren. Sie ist laut Konto noch "
     "nicht verschickt. Geht das noch?\n\n{name}",
     "",
     "Hallo {first},\n\ndas hat noch geklappt: Die Bestellung {order} ist storniert, der Betrag wird Ihnen "
     "nicht belastet.\n\nViele Grüße\n{agent}"},
    {Matter::address, "Andere Lieferadresse für {order}",
     "Hallo, wir ziehen am Freitag um. Können Sie die Bestellung {order} bitte an die neue Adresse schicken: "
     "Lindenallee 14, 04105 Leipzig? Vielen Dank!\n\n{name}",
     "",
     "Hallo {first},\n\ndie Adresse ist geändert, das Paket geht in die Lindenallee 14. Alles Gute für den "
     "Umzug!\n\nViele Grüße\n{agent}"},
    {Matter::invoice, "Rechnung mit USt-IdNr., {order}",
     "Guten Tag,\n\nfür die Buchhaltung brauchen wir zur Bestellung {order} eine Rechnung auf die Firma mit "
     "unserer USt-IdNr. Bisher steht nur mein Name darauf.\n\n{name}",
     "",
     "Hallo {first},\n\ndie korrigierte Rechnung auf Ihre Firma ist gerade als PDF an Sie "
     "rausgegangen.\n\nViele Grüße\n{agent}"},
    {Matter::question, "Frage zu „{product}“",
     "Hallo, wann ist „{product}“ wieder lieferbar? Und hält das auch im Winter, sagen wir bis minus zehn "
     "Grad?\n\nDanke, {name}",
     "",
     "Hallo {first},\n\nnächste Woche kommt eine neue Lieferung. Und ja: bis minus fünfzehn Grad getestet, "
     "auf einer Hütte in Tirol, von unserer eigenen Belegschaft.\n\nViele Grüße\n{agent}"}};
}  // namespace

extern const LanguageTexts german{
    .tag = "de",
    .utc_offset_hours = 1,
    .weight = 22,
    .phone = "+49151",
    .mail_domain = "posteo.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"Regenjacke Fjell", "Wanderstiefel Skua", "Wollpullover Birk", "Rucksack Tarn 45",
                 "Stirnlampe Polaris", "Gaskocher Ember", "Schlafsack Drift", "Reisekessel Kolibri"},
    .matters = matter,
    .nudge = "Guten Tag, gibt es zu {order} schon etwas Neues? Ich habe noch nichts gehört.",
    .angry =
        "Das ist jetzt die dritte Nachricht und ich bekomme keine Antwort. Wenn sich bis morgen niemand "
        "meldet, hole ich mir das Geld über die Bank zurück.",
    .detail =
        "Hier die Angaben, um die Sie gebeten haben: Seriennummer PL-2207-4418, gekauft im März. Foto hängt "
        "an der letzten Mail.",
    .thanks = "Vielen Dank für die schnelle Hilfe, das ist wirklich nett von Ihnen!",
    .back =
        "Leider ist das Problem doch nicht gelöst, es ist bis heute nichts passiert. Bitte schauen Sie noch "
        "einmal nach.",
    .checking =
        "Hallo {first},\n\nich kläre das gerade mit dem Lager und dem Transportdienst und melde mich "
        "spätestens morgen bei Ihnen.\n\nViele Grüße\n{agent}",
    .solved =
        "Hallo {first},\n\ngute Nachrichten: Es ist geklärt, zur Bestellung {order} ist alles erledigt. Sie "
        "müssen nichts weiter tun.\n\nViele Grüße\n{agent}",
    .farewell = "Sehr gern, {first}! Melden Sie sich einfach, wenn noch etwas ist.\n{agent}"};
}  // namespace parlance::tools::demo
