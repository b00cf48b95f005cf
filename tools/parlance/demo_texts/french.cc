#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"Élodie", "elodie"}, {"François", "francois"}, {"Anaïs", "anais"},
                       {"Benoît", "benoit"}, {"Solène", "solene"},     {"Mamadou", "mamadou"},
                       {"Zoé", "zoe"}};
constexpr Name family[]{{"Lefèvre", "lefevre"}, {"Garnier", "garnier"}, {"Béranger", "beranger"},
                        {"Diallo", "diallo"},   {"Müntz", "muntz"},     {"Chevalier", "chevalier"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Colis non reçu, commande {order}",
     "Bonjour,\n\nMa commande {order} ({product}) devait arriver mardi. Le suivi {tracking} n’a pas bougé "
     "depuis. Pouvez-vous me dire où se trouve mon colis ?\n\nCordialement,\n{name}",
     "",
     "Bonjour {first},\n\nLe colis {tracking} est à l’agence de Lyon et sera livré après-demain. Sans "
     "nouvelles vendredi, nous vous en renvoyons un à nos frais.\n\nBien à vous,\n{agent}"},
    {Matter::damaged, "Article abîmé : {order}",
     "Bonjour, je viens d’ouvrir le colis : « {product} » est fendu et le carton est écrasé. Je souhaite un "
     "échange, c’était un cadeau.\n\n{name}",
     "",
     "Bonjour {first},\n\nNous sommes désolés. Un nouvel article part aujourd’hui en express ; inutile de "
     "renvoyer celui qui est abîmé.\n\nBien à vous,\n{agent}"},
    {Matter::refund, "Remboursement de {order}",
     "Bonjour,\n\nJ’ai renvoyé la commande {order} il y a trois semaines et je n’ai toujours pas été "
     "remboursé(e). Pouvez-vous vérifier ?\n\n{name}",
     "",
     "Bonjour {first},\n\nVotre remboursement est validé aujourd’hui et arrivera sur votre compte sous trois "
     "jours ouvrés. Toutes nos excuses pour l’attente.\n\nBien à vous,\n{agent}"},
    {Matter::size, "Échange de taille, {order}",
     "Bonjour, « {product} » est trop petit. Est-il possible de l’échanger contre la taille au-dessus ? "
     "Commande {order}. Merci !",
     "",
     "Bonjour {first},\n\nBien sûr : la taille au-dessus est réservée et l’étiquette de retour gratuite est "
     "dans votre compte.\n\nBien à vous,\n{agent}"},
    {Matter::invoice, "Facture au nom de la société, {order}",
     "Bonjour, il me faudrait la facture de la commande {order} au nom de notre société, avec le numéro de "
     "TVA.\n\n{name}",
     "",
     "Bonjour {first},\n\nVoici la facture rectifiée, elle est aussi dans votre compte.\n\nBien à "
     "vous,\n{agent}"}};
}  // namespace

extern const LanguageTexts french{
    .tag = "fr",
    .utc_offset_hours = 1,
    .weight = 9,
    .phone = "+33612",
    .mail_domain = "courriel.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"veste de pluie Fjell", "chaussures Skua", "pull en laine Birk", "sac à dos Tarn 45",
                 "lampe frontale Polaris", "réchaud Ember", "sac de couchage Drift", "bouilloire Kolibri"},
    .matters = matter,
    .nudge = "Bonjour, avez-vous du nouveau pour la commande {order} ?",
    .angry =
        "C’est mon troisième message sans réponse. Sans retour demain, je conteste le paiement auprès de ma "
        "banque.",
    .detail = "Voici ce que vous demandiez : numéro de série PL-2207-2045, photo jointe.",
    .thanks = "Merci beaucoup pour votre rapidité !",
    .back = "Désolé(e) d’insister, mais le problème n’est pas réglé. Pouvez-vous regarder de nouveau ?",
    .checking =
        "Bonjour {first},\n\nJe vérifie avec l’entrepôt et le transporteur et je reviens vers vous demain au "
        "plus tard.\n\nBien à vous,\n{agent}",
    .solved =
        "Bonjour {first},\n\nBonne nouvelle : tout est réglé pour la commande {order}.\n\nBien à "
        "vous,\n{agent}",
    .farewell = "Avec plaisir, {first} !\n{agent}"};
}  // namespace parlance::tools::demo
