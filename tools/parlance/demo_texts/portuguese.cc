#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"João", "joao"},   {"Conceição", "conceicao"}, {"Thiago", "thiago"},
                       {"Luíza", "luiza"}, {"Antônio", "antonio"},     {"Raíssa", "raissa"}};
constexpr Name family[]{{"Gonçalves", "goncalves"},
                        {"Araújo", "araujo"},
                        {"Simões", "simoes"},
                        {"Magalhães", "magalhaes"},
                        {"da Silva", "dasilva"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "Cadê meu pacote? Pedido {order}",
     "Oi, tudo bem? Meu pedido {order} ({product}) está parado em Curitiba há dez dias, rastreio {tracking}. "
     "Vocês conseguem ver o que houve?\n\n{name}",
     "",
     "Oi, {first}!\n\nO pacote {tracking} foi liberado hoje pela fiscalização e chega em até três dias "
     "úteis. Se não chegar, enviamos outro sem custo.\n\nAbraço,\n{agent}"},
    {Matter::customs, "Taxa de importação, {order}",
     "Olá, os Correios estão cobrando imposto no pacote {tracking}, mas no site dizia que estava tudo "
     "incluído. Quem paga?\n\n{name}",
     "",
     "Oi, {first}!\n\nO imposto é por nossa conta, sim. Já pagamos pelo sistema e o pacote segue para "
     "entrega. Não pague o boleto, por favor.\n\nAbraço,\n{agent}"},
    {Matter::damaged, "Produto chegou quebrado: {order}",
     "Boa tarde, acabei de receber e «{product}» veio quebrado. Tenho fotos. Quero a troca.\n\n{name}", "",
     "Oi, {first}!\n\nSentimos muito. Um novo sai hoje por expresso e você não precisa devolver o "
     "quebrado.\n\nAbraço,\n{agent}"},
    {Matter::refund, "Reembolso do pedido {order}",
     "Olá, devolvi o pedido {order} há três semanas e o estorno ainda não apareceu na fatura. Podem "
     "verificar?",
     "",
     "Oi, {first}!\n\nO estorno foi aprovado hoje e aparece na próxima fatura. Desculpe a "
     "demora.\n\nAbraço,\n{agent}"}};
}  // namespace

extern const LanguageTexts portuguese{
    .tag = "pt",
    .utc_offset_hours = -3,
    .weight = 7,
    .phone = "+5511",
    .mail_domain = "correio.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"jaqueta Fjell", "bota Skua", "suéter Birk", "mochila Tarn 45", "lanterna Polaris",
                 "fogareiro Ember", "saco de dormir Drift", "chaleira Kolibri"},
    .matters = matter,
    .nudge = "Oi, alguma novidade sobre o pedido {order}?",
    .angry =
        "É a terceira mensagem e ninguém responde! Se não resolverem até amanhã, vou reclamar no Procon.",
    .detail = "Segue o que pediram: número de série PL-2207-8124 e a foto.",
    .thanks = "Muito obrigado, atendimento nota dez!",
    .back = "Desculpa insistir, mas ainda não foi resolvido. Podem olhar de novo?",
    .checking =
        "Oi, {first}!\n\nEstou verificando com o depósito e a transportadora e respondo até "
        "amanhã.\n\nAbraço,\n{agent}",
    .solved = "Oi, {first}!\n\nBoa notícia: está tudo certo com o pedido {order}.\n\nAbraço,\n{agent}",
    .farewell = "Por nada, {first}! Conte com a gente.\n{agent}"};
}  // namespace parlance::tools::demo
