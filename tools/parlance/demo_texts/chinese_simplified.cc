#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"伟", "wei"},      {"秀英", "xiuying"}, {"志强", "zhiqiang"}, {"雨桐", "yutong"},
                       {"子涵", "zihan"},  {"建国", "jianguo"}, {"晓梅", "xiaomei"},  {"浩然", "haoran"},
                       {"思远", "siyuan"}, {"佳怡", "jiayi"}};
constexpr Name family[]{{"王", "wang"},     {"李", "li"},   {"张", "zhang"}, {"刘", "liu"}, {"陈", "chen"},
                        {"欧阳", "ouyang"}, {"赵", "zhao"}, {"周", "zhou"},  {"徐", "xu"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "我的包裹到哪儿了？订单 {order}",
     "您好，我的订单 {order}（{product}）已经发货十天了，运单号 {tracking} "
     "一直停在“离开法兰克福”。请帮忙查一下包裹到哪儿了，谢谢！",
     "物流显示 {tracking} 已签收，但我根本没收到，快递柜里也没有。麻烦尽快核实一下。",
     "{name}您好：\n\n我们已联系承运商，{tracking} "
     "昨晚到达广州口岸，预计后天派送。如果周五前仍未收到，我们会免费补发。\n\n{agent}"},
    {Matter::customs, "清关需要发票 {order}",
     "您好，海关通知我包裹 {tracking} 需要补交商业发票和付款凭证，三天内不交就退运。请尽快把发票发给我。", "",
     "{name}"
     "您好：\n\n商业发票已直接提交给海关，副本也放在您的账户里了。税费我们已预付，您无需再付任何费用。\n\n{"
     "agent}"},
    {Matter::size, "尺码不合适，订单 {order}",
     "您好，收到的 {product} 偏小了一码，能换大一号吗？运费谁承担？订单号 {order}。", "",
     "{name}"
     "您好：\n\n可以换的。大一号已为您预留，退货面单免费，请在账户里下载。快递揽收后我们马上寄出新的。\n\n{"
     "agent}"},
    {Matter::damaged, "收到的商品有破损：{order}",
     "您好，今天收到的 {product} 一侧裂了，外箱也被压扁。我拍了照片，请给我换一个新的。",
     "包装太简单了，{product} 收到时全是划痕。这是送人的礼物，你们看怎么处理？",
     "{name}您好：\n\n非常抱歉给您带来不便。新品今天就用特快寄出，破损的不用寄回。\n\n{agent}"},
    {Matter::refund, "退款一直没到账，{order}",
     "您好，订单 {order} 三周前就退回去了，物流显示你们已签收，但退款到现在还没到账。请问什么时候能退？", "",
     "{name}您好：\n\n您的退货已验收，退款今天已批准，预计三到五个工作日原路退回。让您久等了，非常抱歉。\n\n{"
     "agent}"},
    {Matter::warranty, "保修申请：{product}",
     "您好，{product} 用了半年就坏了，没有摔过也没有进水。请问怎么走保修？订单号 {order}。", "",
     "{name}您好：\n\n在两年保修期内，可以直接换新。请拍一张底部序列号的照片发给我们。\n\n{agent}"},
    {Matter::cancel, "取消订单 {order}", "您好，我不小心下了两单，请帮我取消订单 {order}，另一单照常发货。",
     "", "{name}您好：\n\n订单 {order} 已在发货前取消，款项会原路退回；另一单今天发出。\n\n{agent}"},
    {Matter::address, "修改收货地址 {order}",
     "您好，订单 {order} 的地址填错了，请改成：杭州市西湖区文三路 188 号 3 幢 502 室。谢谢！", "",
     "{name}您好：\n\n地址已修改好，包裹会送到文三路 188 号。\n\n{agent}"},
    {Matter::invoice, "需要开发票，订单 {order}",
     "您好，公司报销需要订单 {order} 的增值税发票，抬头和税号我已填在账户里，请帮忙开一下。", "",
     "{name}您好：\n\n发票已按您的抬头和税号重新开具，PDF 已发到您的邮箱。\n\n{agent}"},
    {Matter::question, "咨询 {product}", "请问 {product} 什么时候补货？发到成都大概要几天？", "",
     "{name}您好：\n\n下周就到货。发往成都大约七到九天，价格已含税。\n\n{agent}"}};
}  // namespace

extern const LanguageTexts chinese_simplified{
    .tag = "zh-Hans",
    .utc_offset_hours = 8,
    .weight = 15,
    .phone = "+86138",
    .mail_domain = "youjian.example",
    .family_name_first = true,
    .name_separator = "",
    .given_names = given,
    .family_names = family,
    .products = {"Fjell 冲锋衣", "Skua 徒步靴", "Birk 羊毛衫", "Tarn 45 背包", "Polaris 头灯", "Ember 炉头",
                 "Drift 睡袋", "Kolibri 旅行水壶"},
    .matters = matter,
    .nudge = "您好，订单 {order} 有进展了吗？我还在等回复。",
    .angry = "我已经第三次留言了，没有一个人回复！今天再不处理，我就去平台投诉。",
    .detail = "这是你们要的信息：序列号 PL-2207-1186，照片见附件。",
    .thanks = "太感谢了，处理得真快，好评！",
    .back = "不好意思，问题还是没有解决，和你们说的不一样，请再看一下。",
    .checking = "{name}您好：\n\n我正在和仓库及承运商核实，最晚明天给您答复。\n\n{agent}",
    .solved = "{name}您好：\n\n好消息：订单 {order} 的问题已经处理好了，您不需要再做什么。\n\n{agent}",
    .farewell = "不客气，{name}！有问题随时找我们。\n{agent}"};
}  // namespace parlance::tools::demo
