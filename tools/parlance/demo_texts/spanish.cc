#include "tools/parlance/demo_texts.h"

namespace parlance::tools::demo {
namespace {
constexpr Name given[]{{"María", "maria"},     {"José Luis", "joseluis"}, {"Lucía", "lucia"},
                       {"Íñigo", "inigo"},     {"Carmen", "carmen"},      {"Andrés", "andres"},
                       {"Ximena", "ximena"},   {"Álvaro", "alvaro"},      {"Belén", "belen"},
                       {"Rodrigo", "rodrigo"}, {"Inés", "ines"}};
constexpr Name family[]{{"García Peña", "garcia"},  {"Núñez", "nunez"},           {"Ibáñez Soler", "ibanez"},
                        {"Muñoz", "munoz"},         {"Castaño Ruiz", "castano"},  {"Ferrer", "ferrer"},
                        {"Domínguez", "dominguez"}, {"Etxeberria", "etxeberria"}, {"Quiroga", "quiroga"}};
constexpr MatterTexts matter[]{
    {Matter::parcel, "¿Dónde está mi paquete? Pedido {order}",
     "Hola:\n\nHace nueve días que hice el pedido {order} ({product}) y el seguimiento {tracking} no se "
     "mueve. ¿Me pueden decir dónde está el paquete? Lo necesito para el viernes.\n\nGracias,\n{name}",
     "¡Hola! El repartidor dice que dejó el paquete {tracking} «en portería», pero en mi edificio no hay "
     "portero. ¿Lo pueden comprobar, por favor?",
     "Hola, {first}:\n\nHe hablado con el transportista: el envío {tracking} estaba en una delegación "
     "equivocada y mañana sale a reparto. Si el jueves no lo tiene, le mandamos otro sin coste.\n\nUn "
     "saludo,\n{agent}"},
    {Matter::customs, "Factura para la aduana, {order}",
     "Buenos días:\n\nMe escribe la aduana de Las Palmas porque el envío {tracking} no lleva factura "
     "comercial. Me piden el valor desglosado antes del lunes. ¿Me la pueden enviar en PDF?\n\n{name}",
     "",
     "Hola, {first}:\n\nYa está enviada la factura comercial a la aduana y le he dejado una copia en su "
     "cuenta. No tiene que pagar nada más: los impuestos los pagamos nosotros.\n\nUn saludo,\n{agent}"},
    {Matter::size, "Cambio de talla, pedido {order}",
     "Hola, me ha llegado «{product}» y me queda pequeño. ¿Puedo cambiarlo por una talla más? El pedido es "
     "el {order}.\n\nUn saludo, {name}",
     "",
     "Hola, {first}:\n\nClaro que sí. Le hemos reservado una talla más y tiene la etiqueta de devolución "
     "gratuita en su cuenta; en cuanto la escaneen, sale el cambio.\n\nUn saludo,\n{agent}"},
    {Matter::damaged, "Ha llegado roto: {order}",
     "Buenas tardes:\n\nAcabo de abrir el paquete y «{product}» viene roto por un lado; la caja estaba "
     "aplastada. Adjunto fotos. Quiero otro nuevo, no un descuento.\n\n{name}",
     "¡Qué decepción! Era un regalo y «{product}» ha llegado rayado. ¿Cómo lo solucionamos?",
     "Hola, {first}:\n\nLo sentimos mucho. Hoy mismo le enviamos uno nuevo con entrega en 48 horas y no hace "
     "falta que devuelva el dañado.\n\nUn saludo,\n{agent}"},
    {Matter::refund, "No he recibido el reembolso de {order}",
     "Hola:\n\nDevolví el pedido {order} hace casi un mes y sigo sin ver el dinero en mi cuenta. Tengo el "
     "justificante de entrega. ¿Cuándo me lo van a devolver?\n\n{name}",
     "",
     "Hola, {first}:\n\nTiene toda la razón y le pido disculpas. El reembolso estaba bloqueado; lo acabamos "
     "de liberar y lo verá en su cuenta en dos o tres días laborables.\n\nUn saludo,\n{agent}"},
    {Matter::warranty, "Garantía de {product}",
     "Hola, compré «{product}» en abril (pedido {order}) y ha dejado de funcionar. ¿Qué tengo que hacer para "
     "la garantía?\n\n{name}",
     "",
     "Hola, {first}:\n\nEstá en garantía, no se preocupe. Mándenos una foto del número de serie y le "
     "enviamos uno nuevo esta misma semana.\n\nUn saludo,\n{agent}"},
    {Matter::cancel, "Cancelar el pedido {order}",
     "Hola, me he equivocado de color. ¿Se puede cancelar el pedido {order} antes de que salga del almacén? "
     "Gracias.",
     "",
     "Hola, {first}:\n\nLlegamos a tiempo: el pedido {order} está cancelado y no se le cobrará nada.\n\nUn "
     "saludo,\n{agent}"},
    {Matter::address, "Cambio de dirección, {order}",
     "Buenos días, puse mal el piso en el pedido {order}. Es calle de la Luna, 8, 3.º B, 28004 Madrid. "
     "¿Pueden corregirlo? Mil gracias.\n\n{name}",
     "",
     "Hola, {first}:\n\nCorregido: el paquete irá al 3.º B. Gracias por avisar a tiempo.\n\nUn "
     "saludo,\n{agent}"},
    {Matter::invoice, "Factura con NIF, pedido {order}",
     "Buenas:\n\nNecesito la factura del pedido {order} a nombre de mi empresa, con el NIF, para el cierre "
     "de mes. ¿Me la pueden rehacer?\n\nGracias,\n{name}",
     "",
     "Hola, {first}:\n\nAquí va la factura rectificada con el NIF de su empresa; también la tiene en su "
     "cuenta.\n\nUn saludo,\n{agent}"},
    {Matter::question, "Consulta sobre {product}",
     "Hola, ¿hacen envíos a Canarias? ¿Y cuánto tarda en llegar «{product}»?", "",
     "Hola, {first}:\n\nSí, enviamos a Canarias, Ceuta y Melilla en cinco o seis días laborables y con los "
     "impuestos ya incluidos en el precio.\n\nUn saludo,\n{agent}"}};
}  // namespace

extern const LanguageTexts spanish{
    .tag = "es",
    .utc_offset_hours = 0,
    .weight = 18,
    .phone = "+34612",
    .mail_domain = "correo.example",
    .family_name_first = false,
    .name_separator = " ",
    .given_names = given,
    .family_names = family,
    .products = {"chubasquero Fjell", "botas Skua", "jersey de lana Birk", "mochila Tarn 45",
                 "linterna frontal Polaris", "hornillo Ember", "saco de dormir Drift",
                 "hervidor de viaje Kolibri"},
    .matters = matter,
    .nudge = "Hola, ¿hay alguna novedad sobre el pedido {order}? Sigo esperando.",
    .angry =
        "Es la tercera vez que escribo y nadie contesta. Si mañana no tengo respuesta, pongo una "
        "reclamación.",
    .detail = "Aquí tienen lo que me pedían: número de serie PL-2207-9053 y la foto. ¿Algo más?",
    .thanks = "¡Muchísimas gracias! Así da gusto.",
    .back = "Perdonen, pero sigue igual: lo que me dijeron no ha pasado. ¿Lo pueden mirar otra vez?",
    .checking =
        "Hola, {first}:\n\nLo estoy consultando con el almacén y con el transportista; mañana como muy tarde "
        "le escribo con una respuesta.\n\nUn saludo,\n{agent}",
    .solved =
        "Hola, {first}:\n\nBuenas noticias: lo del pedido {order} ya está resuelto. No tiene que hacer nada "
        "más.\n\nUn saludo,\n{agent}",
    .farewell = "¡A usted, {first}! Aquí estamos para lo que haga falta.\n{agent}"};
}  // namespace parlance::tools::demo
