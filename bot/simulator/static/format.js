// How things are written: times in the family's zone, WhatsApp's *bold* and _italic_, the price of an SMS.

const ZONE_NAMES = { "Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT" };

const formatters = new Map();

function formatter(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formatters.has(key)) {
    formatters.set(key, new Intl.DateTimeFormat("id-ID", { timeZone: zone, ...options }));
  }
  return formatters.get(key);
}

export const zoneName = (zone) => ZONE_NAMES[zone] ?? zone;

export const hourMinute = (moment, zone) =>
  formatter(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment).replace(":", ".");

export const longDate = (moment, zone) =>
  formatter(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(moment);

export const shortDate = (moment, zone) =>
  formatter(zone, { weekday: "short", day: "numeric", month: "short" }).format(moment);

export const dayMonth = (moment, zone) => formatter(zone, { day: "numeric", month: "short" }).format(moment);

/** The calendar day as YYYY-MM-DD, for comparing and for date fields. */
export function isoDay(moment, zone) {
  const parts = formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(moment);
  const part = (type) => parts.find((one) => one.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** "Hari ini", "Kemarin" or the date, as a chat writes it between its messages. */
export function daySeparator(moment, now, zone) {
  const day = isoDay(moment, zone);
  if (day === isoDay(now, zone)) return "Hari ini";
  if (day === isoDay(new Date(now.getTime() - 86_400_000), zone)) return "Kemarin";
  return longDate(moment, zone);
}

export function phoneNumber(number) {
  const match = /^\+62(\d{3})(\d{4})(\d+)$/.exec(number);
  return match ? `+62 ${match[1]}-${match[2]}-${match[3]}` : number;
}

const MARKS = { "*": "strong", "_": "em", "~": "s" };
// A mark opens before a character that is no space and closes after one; a letter or digit just outside forbids it.
const MARKED = /(^|[^\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\2(?![\p{L}\p{N}])/u;

const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>".,!?)]/;

/** The text as DOM nodes, addresses as links; nothing in it is ever read as HTML. */
export function richText(text) {
  const fragment = document.createDocumentFragment();
  let rest = text;
  for (let match = ADDRESS.exec(rest); match; match = ADDRESS.exec(rest)) {
    const link = document.createElement("a");
    Object.assign(link, { href: match[0], target: "_blank", rel: "noopener noreferrer", textContent: match[0] });
    fragment.append(marked(rest.slice(0, match.index)), link);
    rest = rest.slice(match.index + match[0].length);
  }
  fragment.append(marked(rest));
  return fragment;
}

function marked(text) {
  const fragment = document.createDocumentFragment();
  let rest = text;
  for (let match = MARKED.exec(rest); match; match = MARKED.exec(rest)) {
    const [whole, before, mark, inner] = match;
    fragment.append(rest.slice(0, match.index) + before);
    const element = document.createElement(MARKS[mark]);
    element.append(marked(inner));
    fragment.append(element);
    rest = rest.slice(match.index + whole.length);
  }
  fragment.append(rest);
  return fragment;
}

const GSM7 =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM7_EXTENDED = "^{}\\[~]|€";

/** What the text costs as SMS while it is typed: characters used, room in its parts, number of parts. */
export function smsCost(text) {
  const plain = [...text].every((char) => GSM7.includes(char) || GSM7_EXTENDED.includes(char));
  const length = plain ? [...text].reduce((sum, char) => sum + (GSM7.includes(char) ? 1 : 2), 0) : text.length;
  const [single, joined] = plain ? [160, 153] : [70, 67];
  const parts = length <= single ? 1 : Math.ceil(length / joined);
  return { length, parts, room: parts === 1 ? single : parts * joined, plain };
}
