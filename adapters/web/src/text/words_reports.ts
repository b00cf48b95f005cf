// The words of the page of figures, which comes after the first load.

import { t } from "./catalogue";

const number = new Intl.NumberFormat(t.locale);
export const figure = (n: number) => number.format(n);

export const words = {
  title: "Desk now",
  lead: "Every number leads to the conversations behind it.",
  asOf: (time: string) => `As of ${time}`,
  live: "Updates by itself",
  by: "Split by",
  groupings: { queue: "Queue", channel: "Channel", language: "Language", agent: "Agent" } as Record<string, string>,
  zone: "Time zone",
  zoneHere: (zone: string) => `${zone} (here)`,
  csv: "CSV",
  csvLabel: (name: string) => `Download “${name}” as CSV`,
  waiting: "Waiting for an agent",
  since: (time: string) => `Since ${time}`,
  what: "What these numbers mean",
  late: "Late",
  open: "New and open",
  snoozed: "Snoozed",
  oldest: "Longest wait",
  noWait: "Nobody waits",
  columns: { name: "Name", created: "Came in", replied: "Answered", resolved: "Resolved", breached: "Missed", waiting: "Waiting now", late: "Late now", oldest: "Oldest" } as Record<string, string>,
  total: "All",
  unnamed: "None",
  table: (by: string) => `Figures by ${by.toLowerCase()}`,
  empty: "There are no figures yet",
  emptyHint: "They appear as soon as the first conversation comes in.",
  failed: "The figures cannot be loaded",
  behind: (figure: string, row: string) => `${figure}: ${row}`,
  behindNone: "There is nothing behind this number.",
  notCounted: "not counted",
  more: "Show more",
  close: "Close the list",
  heat: "When conversations come in",
  heatLead: (zone: string) => `By weekday and hour, last four weeks, ${zone}`,
  heatCell: (day: string, hour: string, n: number) => `${day} ${hour}: ${figure(n)}`,
  heatNone: "There are no hours to show yet.",
  hour: "Hour",
  absent: "This server does not give these figures.",
  team: "Team",
  teamLead: "Who is here, and how much each holds",
  load: (held: number, capacity: number) => (capacity === 0 ? figure(held) : `${figure(held)} of ${figure(capacity)}`),
  nobody: "No agents yet. Add them under settings.",
};
