// What is offered to this agent and waits for a yes, each with the time that is left for it.

import { useApp } from "../app";
import type { Offer } from "../api/types";
import { t } from "../text/catalogue";
import { langOf, span } from "../text/format";
import { Icon } from "./icons";
import { channelName, Name } from "./parts";

export function Offers() {
  const app = useApp();
  const offers = app.desk.offers.value;
  if (offers.length === 0) return null;
  return (
    <ul class="offers" aria-label={t.offers.label}>
      {offers.map((offer) => <OneOffer key={offer.id} offer={offer} />)}
    </ul>
  );
}

function OneOffer(props: { offer: Offer }) {
  const app = useApp();
  const { conversation: ticket, expires_at } = props.offer;
  const left = Date.parse(expires_at) - app.clock.now.value;
  if (left <= 0) return null;
  return (
    <li class="offer">
      <span class="offer-what">
        <span class="offer-title"><Icon name="sparkle" />{t.offers.title}<span class="offer-left">{t.offers.left(span(left))}</span></span>
        <span class="offer-who"><Name name={ticket.requester.name} otherwise={t.list.noName} /> · {channelName(ticket.channel)}</span>
        <span class="row-preview" dir="auto" lang={langOf(ticket.language)}>{ticket.subject_line ?? ticket.preview ?? t.list.noText}</span>
      </span>
      <button type="button" class="button primary" disabled={app.commanding.value} onClick={() => void app.answerOffer(ticket.id, "accept")}>{t.offers.accept}</button>
      <button type="button" class="button" disabled={app.commanding.value} onClick={() => void app.answerOffer(ticket.id, "decline")}>{t.offers.decline}</button>
    </li>
  );
}
