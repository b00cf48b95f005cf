// Line icons on a grid of 24, drawn for this page. They are decoration: the words beside them, or the label of
// their button, say the same.

import type { ComponentChildren } from "preact";

const paths = {
  inbox: <><path d="M4 13.5 6.200 6h11.600L20 13.500V18H4z" /><path d="M4 13.500h4.500l1.500 2.500h4l1.500-2.500H20" /></>,
  person: <><circle cx="12" cy="8" r="3.500" /><path d="M5 19.500c.8-3.600 3.500-5.500 7-5.500s6.200 1.900 7 5.500" /></>,
  people: <><circle cx="9" cy="8.500" r="3" /><path d="M3.500 18.500c.6-3 2.700-4.700 5.500-4.700s4.900 1.700 5.500 4.700" /><path d="M15.500 5.900a3 3 0 0 1 0 5.200M17 14.200c1.900.6 3.100 2.100 3.500 4.300" /></>,
  hand: <><path d="M7 12.500V7a1.500 1.500 0 0 1 3 0v4-5.500a1.500 1.500 0 0 1 3 0V11 6.500a1.500 1.500 0 0 1 3 0V13c0 4-2 6.500-5 6.500-2.600 0-3.900-1.200-5-3.500l-1.700-3.400A1.300 1.300 0 0 1 7 12.500z" /></>,
  moon: <path d="M19 14.500A7.500 7.500 0 0 1 9.500 5a7.500 7.500 0 1 0 9.500 9.500z" />,
  check: <path d="m5 12.500 4.500 4.500L19 7.500" />,
  checks: <path d="m2.500 12.500 4.200 4.200 8-8.400M11 15l1.700 1.700 8.300-8.400" />,
  stack: <><path d="m4 9 8-4 8 4-8 4z" /><path d="m4 14 8 4 8-4" /></>,
  keyboard: <><rect x="3" y="6.500" width="18" height="11" rx="2" /><path d="M7 10h.01M10.300 10h.01M13.700 10h.01M17 10h.01M8 14h8" /></>,
  exit: <path d="M13.500 5H6v14h7.500M10 12h10M16.500 8.500 20 12l-3.500 3.500" />,
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  panel: <><rect x="3.500" y="5" width="17" height="14" rx="2" /><path d="M14.500 5v14" /></>,
  down: <path d="m6.500 9.500 5.500 5.500 5.500-5.500" />,
  arrow_up: <path d="M12 19V5M6 11l6-6 6 6" />,
  arrow_down: <path d="M12 5v14M6 13l6 6 6-6" />,
  more: <path d="M6 12h.01M12 12h.01M18 12h.01" />,
  clock: <><circle cx="12" cy="12" r="8" /><path d="M12 7.500V12l3 2" /></>,
  hourglass: <path d="M7 4h10M7 20h10M8 4c0 5 8 6 8 8s-8 3-8 8M16 4c0 5-8 6-8 8s8 3 8 8" />,
  alarm: <><circle cx="12" cy="13" r="7" /><path d="M12 9.500V13l2.500 1.500M4.500 6 7 4M19.500 6 17 4" /></>,
  flame: <path d="M12 3.500c.5 3.500 5.500 5.500 5.500 10.200a5.500 5.500 0 0 1-11 0c0-2.200 1.200-3.700 2.300-4.900.3 1.700 1 2.500 1.800 2.900C10.300 8.500 10.500 6 12 3.500z" />,
  alert: <><path d="M12 4.500 3.500 19h17z" /><path d="M12 10v4M12 16.500h.01" /></>,
  reopen: <path d="M5 12a7 7 0 1 1 2.500 5.400M5 17.500v-4h4" />,
  send: <path d="M20 4 4 10.500l6.500 3 3 6.500zM10.500 13.500 20 4" />,
  note: <><path d="M5 4.500h14v9.500l-5 5.500H5z" /><path d="M14 19.500V14h5M8.500 9h7M8.500 12.500h3" /></>,
  lock: <><rect x="5.500" y="11" width="13" height="8.500" rx="2" /><path d="M8.500 11V8.500a3.500 3.500 0 0 1 7 0V11" /></>,
  eraser: <path d="m9 19-4.500-4.500a1.500 1.500 0 0 1 0-2.100l7.900-7.900a1.500 1.500 0 0 1 2.100 0l5 5a1.500 1.500 0 0 1 0 2.100L12 19zM8.500 8.500l7 7M9 19h10.500" />,
  cloud_off: <path d="M7 17.500a4 4 0 0 1-.6-7.900M9.500 6.500A5.500 5.500 0 0 1 17 11a3.300 3.300 0 0 1 2.800 4.800M4 4l16 16M7 17.500h9.500" />,
  clip: <path d="m19 11.500-7.300 7.300a4.300 4.300 0 0 1-6.100-6.100l7.600-7.600a2.900 2.900 0 0 1 4.100 4.100l-7.400 7.400a1.400 1.400 0 0 1-2-2l6.600-6.700" />,
  tag: <><path d="M4 5h7.500l8.500 8.500-6.500 6.500L5 11.500z" /><path d="M8.500 9h.01" /></>,
  cross: <path d="m6.500 6.500 11 11M17.500 6.500l-11 11" />,
  wifi_off: <path d="M4 4l16 16M8.500 15.500a5 5 0 0 1 6 -.5M5.500 12.200A9.500 9.500 0 0 1 9 10M12.500 9.300c2.300.1 4.400 1.100 6 2.900M3 9a13 13 0 0 1 4-2.500M11 5.300c3.800-.2 7.300 1.200 10 3.700M12 19h.01" />,
  filter: <path d="M4 6h16M7 12h10M10 18h4" />,
  sparkle: <path d="M12 4c.7 4.700 2.300 6.300 7 7-4.700.7-6.300 2.300-7 7-.7-4.700-2.300-6.300-7-7 4.700-.7 6.300-2.300 7-7z" />,
  dot: <circle cx="12" cy="12" r="3.500" />,
  search: <><circle cx="11" cy="11" r="6" /><path d="m15.500 15.500 4.500 4.500" /></>,
  chart: <path d="M4.500 19.500h15M7.500 16v-4.500M12 16V6.500M16.500 16v-7" />,
  sliders: <><path d="M4 8h8M16 8h4M4 16h3M11 16h9" /><circle cx="14" cy="8" r="2" /><circle cx="9" cy="16" r="2" /></>,
  forward: <path d="M13.500 6.500 19 12l-5.500 5.500M19 12H5" />,
  link: <path d="M10 14a3.500 3.500 0 0 0 5 0l3-3a3.500 3.500 0 0 0-5-5l-1 1M14 10a3.500 3.500 0 0 0-5 0l-3 3a3.500 3.500 0 0 0 5 5l1-1" />,
  rows: <path d="M4 6h16M4 10h16M4 14h16M4 18h16" />,
  sun: <><circle cx="12" cy="12" r="3.500" /><path d="M12 4v2M12 18v2M4 12h2M18 12h2M6.300 6.300l1.400 1.400M16.300 16.300l1.400 1.400M6.300 17.700l1.400-1.400M16.300 7.700l1.400-1.400" /></>,
  bookmark: <path d="M7 4.500h10v15l-5-4-5 4z" />,
  plus: <path d="M12 5.500v13M5.500 12h13" />,
  star: <path d="m12 4.500 2.300 4.800 5.200.7-3.800 3.700.9 5.200-4.600-2.500-4.600 2.500.9-5.200-3.800-3.700 5.200-.7z" />,
  download: <path d="M12 4.500v10M7.500 10.500l4.500 4.500 4.500-4.500M5 19h14" />,
  pencil: <path d="m5 19 1-4L16 5l3 3L9 18zM14 7l3 3" />,
  eye: <><path d="M3.500 12c2-3.700 4.900-5.500 8.500-5.500s6.500 1.800 8.500 5.500c-2 3.700-4.900 5.500-8.500 5.500S5.500 15.700 3.500 12z" /><circle cx="12" cy="12" r="2.500" /></>,
  list_view: <><rect x="3.500" y="5" width="17" height="14" rx="2" /><path d="M9.500 5v14" /></>,
  // channels
  email: <><rect x="3.500" y="6" width="17" height="12.500" rx="2" /><path d="m4 7.500 8 6 8-6" /></>,
  chat: <path d="M4.500 5.500h15v10.500H11l-4 3.500v-3.500H4.500z" />,
  phone: <path d="M7.500 4.500 10 9 8 11c1 2.200 2.800 4 5 5l2-2 4.500 2.500-1 3c-7 .8-14.800-7-14-14z" />,
  bag: <><path d="M5 8.500h14l1 11H4z" /><path d="M8.500 11V7a3.500 3.500 0 0 1 7 0v4" /></>,
  camera: <><rect x="4.500" y="4.500" width="15" height="15" rx="4" /><circle cx="12" cy="12" r="3.500" /><path d="M16.300 7.700h.01" /></>,
  bolt: <path d="M12 4a8 8 0 0 0-4.500 14.600V21l2.600-1.500A8 8 0 1 0 12 4zM8 14l3-3 2 1.800 3-3" />,
  bubble: <path d="M12 4.500a7.500 7.500 0 0 0-6.600 11L4.500 19.500l4-.9A7.500 7.500 0 1 0 12 4.500z" />,
  code: <path d="m8.500 8-4 4 4 4M15.500 8l4 4-4 4M13.500 6l-3 12" />,
  sms: <><path d="M4.500 5.500h15v10.500H11l-4 3.500v-3.500H4.500z" /><path d="M8.500 10.800h.01M12 10.800h.01M15.500 10.800h.01" /></>,
} satisfies Record<string, ComponentChildren>;

export type IconName = keyof typeof paths;

export function Icon(props: { name: IconName; class?: string }) {
  return (
    <svg class={`icon icon-${props.name} ${props.class ?? ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {paths[props.name]}
    </svg>
  );
}

const channels: Record<string, IconName> = {
  email: "email", chat: "chat", whatsapp: "bubble", messenger: "bolt", instagram: "camera", sms: "sms",
  voice: "phone", marketplace: "bag", social: "people", api: "code",
};
export const channelIcon = (channel: string): IconName => channels[channel] ?? "chat";

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-bubble" d="M9 10.500A3.500 3.500 0 0 1 12.500 7h7a5.500 5.500 0 0 1 0 11H15l-4.200 4.200A1.050 1.050 0 0 1 9 21.450z" />
      <circle class="mark-dot" cx="21.500" cy="23.500" r="2.500" />
    </svg>
  );
}
