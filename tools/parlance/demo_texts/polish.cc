#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"Małgorzata", "malgorzata"},
                       {"Łukasz", "lukasz"},
                       {"Agnieszka", "agnieszka"},
                       {"Paweł", "pawel"},
                       {"Zofia", "zofia"}};
constexpr Name family[]{
    {"Wójcik", "wojcik"}, {"Dąbrowicz", "dabrowicz"}, {"Żak", "zak"}, {"Mazur", "mazur"}, {"Król", "krol"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Gdzie jest moja paczka? {order}",
     "Dzień dobry,\n\nzamówienie {order} ({product}) miało przyjść w poniedziałek, a przesyłka {tracking} od "
     "kilku dni stoi w sortowni. Proszę o informację.\n\n{name}",
     "",
     "Dzień dobry,\n\nprzesyłka {tracking} jutro trafi do doręczenia. Jeśli nie dotrze do piątku, wyślemy "
     "nową na nasz koszt.\n\nPozdrawiam\n{agent}"},
    {Matter::damaged, "Uszkodzony towar: {order}",
     "Dzień dobry, paczka przyszła zgnieciona, a „{product}” jest pęknięty. Proszę o wymianę.\n\n{name}", "",
     "Dzień dobry,\n\nbardzo przepraszamy. Nowy egzemplarz wysyłamy dzisiaj, uszkodzonego nie trzeba "
     "odsyłać.\n\nPozdrawiam\n{agent}"},
    {Matter::refund, "Zwrot pieniędzy, {order}",
     "Dzień dobry, trzy tygodnie temu odesłałem towar z zamówienia {order} i nadal nie mam zwrotu na koncie. "
     "Kiedy dostanę pieniądze?",
     "",
     "Dzień dobry,\n\nzwrot został dziś zatwierdzony i będzie na koncie w ciągu trzech dni roboczych. "
     "Przepraszamy za opóźnienie.\n\nPozdrawiam\n{agent}"},
    {Matter::size, "Wymiana na większy rozmiar, {order}",
     "Dzień dobry, „{product}” jest za mały. Czy mogę wymienić na większy rozmiar?\n\n{name}", "",
     "Dzień dobry,\n\noczywiście. Większy rozmiar jest odłożony, a bezpłatna etykieta czeka na "
     "koncie.\n\nPozdrawiam\n{agent}"}};
}  // namespace

extern const LanguageTexts polish{
    .tag = "pl",
    .utc_offset_hours = 1,
    .weight = 6,
    .phone = "+48601",
    .mail_domain = "poczta.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"kurtka Fjell", "buty Skua", "sweter Birk", "plecak Tarn 45", "czołówka Polaris",
                 "palnik Ember", "śpiwór Drift", "czajnik Kolibri"},
    .matters = matter,
    .nudge = "Dzień dobry, czy wiadomo już coś w sprawie {order}?",
    .angry =
        "Piszę trzeci raz i nikt nie odpowiada. Jeśli do jutra nie będzie odpowiedzi, zgłoszę sprawę w "
        "banku.",
    .detail = "Przesyłam dane: numer seryjny PL-2207-3909, zdjęcie w załączniku.",
    .thanks = "Dziękuję za szybką pomoc!",
    .back = "Niestety sprawa nadal nie jest załatwiona. Proszę sprawdzić jeszcze raz.",
    .checking =
        "Dzień dobry,\n\nsprawdzam to z magazynem i przewoźnikiem, odpiszę najpóźniej "
        "jutro.\n\nPozdrawiam\n{agent}",
    .solved =
        "Dzień dobry,\n\ndobra wiadomość: sprawa zamówienia {order} jest załatwiona.\n\nPozdrawiam\n{agent}",
    .farewell = "Nie ma za co! Do usług.\n{agent}"};
}  // namespace parlance::tools::demo
