// Markdown with math, as Jupyter writes it, to elements that can do nothing but be read.
import DOMPurify from "dompurify";
import markdownIt from "markdown-it";

/** Where relative addresses and attachments lead. */
export type ProsePlace = {
  /** The address of a file beside the notebook. */
  file: (path: string) => string;
  /** Pictures in the cell, by name: {"a.png": {"image/png": base64}}. */
  attachments?: Record<string, unknown>;
};

const md = markdownIt({ html: true, linkify: true, breaks: false });

/** Math is taken out before markdown sees it, and put back as \uE000n\uE001. */
type Math = { tex: string; display: boolean };

const mark = /\uE000(\d+)\uE001/g;

/** Takes the math out of a text; code is left alone. */
export function takeMath(text: string): { text: string; math: Math[] } {
  const math: Math[] = [];
  const keep = (tex: string, display: boolean) => `\uE000${math.push({ tex, display }) - 1}\uE001`;
  const pattern =
    /(^(?:```|~~~)[\s\S]*?^(?:```|~~~)[ \t]*$|(`+)(?!`)[\s\S]*?[^`]\2(?!`))|\$\$([\s\S]+?)\$\$|\\\\\[([\s\S]+?)\\\\\]|\\\\\(([\s\S]+?)\\\\\)|(\\begin\{(\w+\*?)\}[\s\S]+?\\end\{\7\})|(?<![\\$\w])\$(?!\s|\$)((?:\\[\s\S]|[^$\\\n]|\n(?!\n))+?)(?<!\s)\$(?![\w$])/gm;
  const clean = text.replace(/[\uE000\uE001]/g, "");
  const out = clean.replace(pattern, (all, ...g: (string | undefined)[]) => {
    const [code, , dollars, square, round, begin, , single] = g;
    if (code !== undefined) return all;
    if (dollars !== undefined) return keep(dollars, true);
    if (square !== undefined) return keep(square, true);
    if (round !== undefined) return keep(round, false);
    if (begin !== undefined) return keep(begin, true);
    return keep(single ?? "", false);
  });
  return { text: out, math };
}

/** The elements of a markdown text. */
export async function prose(text: string, place: ProsePlace): Promise<DocumentFragment> {
  const { text: plain, math } = takeMath(text);
  const fragment = clean(md.render(plain));
  settle(fragment, place, math);
  if (math.length > 0) await putMath(fragment, math);
  return fragment;
}

/** LaTeX of an output: math between dollars, or text with some. */
export async function latex(text: string): Promise<DocumentFragment> {
  const whole = text.trim();
  const { text: plain, math } = takeMath(whole);
  const fragment = document.createDocumentFragment();
  fragment.append(plain);
  await putMath(fragment, math);
  return fragment;
}

/** Addresses that text may name: what DOMPurify lets through, and pictures of the cell itself. */
const addresses = /^(?:(?:https?|mailto|tel|attachment):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i;

function clean(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_URI_REGEXP: addresses,
    FORBID_TAGS: [
      "style",
      "form",
      "input",
      "button",
      "textarea",
      "select",
      "iframe",
      "object",
      "embed",
      "dialog",
    ],
    FORBID_ATTR: ["class", "tabindex", "autofocus", "contenteditable"],
    SANITIZE_NAMED_PROPS: true,
  });
}

/** HTML of an output whose scripts shall not run, as text: inert, and it loads nothing. */
export function withoutScripts(html: string): string {
  const fragment = DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    ADD_TAGS: ["style"],
    FORBID_TAGS: ["iframe", "object", "embed", "form", "link", "meta", "base"],
  });
  for (const e of fragment.querySelectorAll("[src],[srcset],[poster],[href]")) {
    for (const name of ["src", "srcset", "poster"]) {
      if (e.hasAttribute(name) && !/^data:/i.test(e.getAttribute(name) ?? "")) e.removeAttribute(name);
    }
  }
  const holder = document.createElement("div");
  holder.append(fragment);
  return holder.innerHTML.replace(/@import[^;]*;?|url\(\s*['"]?(?!data:|#)[^)]*\)/gi, "");
}

/** Sends addresses where they belong, and takes marks of math out of attributes. */
function settle(fragment: DocumentFragment, place: ProsePlace, math: readonly Math[]): void {
  for (const e of fragment.querySelectorAll("*")) {
    for (const a of [...e.attributes]) {
      if (!a.value.includes("\uE000")) continue;
      e.setAttribute(
        a.name,
        a.value.replace(mark, (_, n) => `$${math[Number(n)]?.tex ?? ""}$`),
      );
    }
  }
  for (const a of fragment.querySelectorAll("a")) {
    const href = a.getAttribute("href") ?? "";
    if (href.startsWith("#")) a.setAttribute("href", `#user-content-${href.slice(1)}`);
    else {
      if (isRelative(href)) a.setAttribute("href", place.file(href));
      a.target = "_blank";
      a.rel = "noopener noreferrer";
    }
  }
  for (const img of fragment.querySelectorAll("img")) {
    const src = img.getAttribute("src") ?? "";
    const attached = /^attachment:(.*)$/.exec(src)?.[1];
    if (attached !== undefined) img.src = attachment(place.attachments?.[decode(attached)]);
    else if (isRelative(src)) img.src = place.file(src);
    if (!img.hasAttribute("alt")) img.alt = "";
    img.loading = "lazy";
  }
}

function isRelative(address: string): boolean {
  return address !== "" && !/^([a-z][\w+.-]*:|\/|#)/i.test(address);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a name with a plain %
  }
}

function attachment(bundle: unknown): string {
  if (typeof bundle !== "object" || bundle === null) return "";
  for (const [type, data] of Object.entries(bundle)) {
    if (/^image\/[\w.+-]+$/.test(type) && typeof data === "string") return `data:${type};base64,${data}`;
  }
  return "";
}

async function putMath(fragment: DocumentFragment, math: readonly Math[]): Promise<void> {
  const { renderToString } = await import("./math");
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    if (n instanceof Text && n.data.includes("\uE000")) texts.push(n);
  }
  for (const text of texts) {
    const template = document.createElement("template");
    const holder = document.createDocumentFragment();
    let from = 0;
    for (const m of text.data.matchAll(mark)) {
      holder.append(text.data.slice(from, m.index));
      from = m.index + m[0].length;
      const found = math[Number(m[1])];
      if (!found) continue;
      template.innerHTML = renderToString(found.tex, found.display);
      holder.append(template.content);
    }
    holder.append(text.data.slice(from));
    text.replaceWith(holder);
  }
}
