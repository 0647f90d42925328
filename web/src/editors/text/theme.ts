import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import "../code.css";

/** The look of the text editor. Colours are tokens, so it follows the theme by itself. */
export function look(): Extension {
  return [theme, syntaxHighlighting(highlight)];
}

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--mono)",
    lineHeight: "20px",
    overflow: "auto",
    fontVariantLigatures: "none",
  },
  ".cm-content": { padding: "8px 0 40vh", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-cursor, .cm-dropCursor": { borderLeft: "2px solid var(--accent)", marginLeft: "-1px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 22%, transparent)",
  },
  ".cm-content ::selection": { backgroundColor: "transparent" },
  ".cm-gutters": {
    color: "var(--quiet)",
    backgroundColor: "var(--surface)",
    border: "none",
    paddingLeft: "4px",
  },
  ".cm-lineNumbers .cm-gutterElement": {
    minWidth: "32px",
    padding: "0 8px",
    fontVariantNumeric: "tabular-nums",
  },
  ".cm-foldGutter .cm-gutterElement": { color: "transparent", cursor: "pointer", width: "12px" },
  ".cm-gutters:hover .cm-foldGutter .cm-gutterElement, .cm-foldGutter .cm-gutterElement.folded": {
    color: "var(--quiet)",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 60%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--ink)", backgroundColor: "transparent" },
  ".cm-foldPlaceholder": {
    color: "var(--quiet)",
    backgroundColor: "var(--hover)",
    border: "1px solid var(--line)",
    padding: "0 6px",
    margin: "0 4px",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid color-mix(in srgb, var(--accent) 40%, transparent)",
  },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { color: "var(--code-invalid)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--amber) 12%, transparent)" },
  ".cm-searchMatch": {
    backgroundColor: "color-mix(in srgb, var(--amber) 16%, transparent)",
    borderRadius: "2px",
  },
  ".cm-searchMatch-selected": {
    backgroundColor: "color-mix(in srgb, var(--amber) 24%, transparent)",
    outline: "2px solid var(--amber)",
  },
  ".cm-specialChar": { color: "var(--red)" },
  ".cm-placeholder": { color: "var(--quiet)" },
  ".cm-panels": {
    color: "var(--ink)",
    backgroundColor: "var(--paper)",
    borderColor: "var(--line)",
    fontFamily: "var(--sans)",
    zIndex: "5",
  },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 40px 8px 12px", fontSize: "13px" },
  ".cm-panel.cm-search label": {
    display: "inline-flex",
    alignItems: "center",
    gap: "4px",
    margin: "0 8px 0 4px",
    fontSize: "13px",
    whiteSpace: "nowrap",
  },
  ".cm-panel.cm-search [name=close]": {
    top: "8px",
    right: "8px",
    width: "28px",
    height: "28px",
    fontSize: "18px",
    color: "var(--quiet)",
    borderRadius: "var(--radius)",
    cursor: "pointer",
  },
  ".cm-textfield": {
    fontSize: "13px",
    height: "28px",
    padding: "0 8px",
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--edge)",
    borderRadius: "var(--radius)",
  },
  ".cm-button": {
    fontSize: "13px",
    height: "28px",
    padding: "0 10px",
    color: "var(--ink)",
    background: "var(--surface)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
  },
  ".cm-button:hover": { background: "var(--hover)" },
  ".cm-button:active": { background: "var(--hover)" },
  ".cm-textfield:focus-visible, .cm-button:focus-visible, [name=close]:focus-visible": {
    outline: "2px solid var(--accent)",
    outlineOffset: "1px",
  },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--float)",
    border: "1px solid var(--line)",
    borderRadius: "var(--radius)",
    boxShadow: "var(--shadow)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "13px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--ink)", background: "var(--accent-soft)" },
  ".cm-vim-panel": { padding: "4px 12px", fontFamily: "var(--mono)", fontSize: "13px" },
  ".cm-vim-panel input": { color: "var(--ink)", fontFamily: "var(--mono)" },
  ".cm-fat-cursor": { background: "var(--accent) !important", color: "var(--on-accent) !important" },
  "&:not(.cm-focused) .cm-fat-cursor": {
    background: "none !important",
    color: "inherit !important",
    outline: "1px solid var(--accent) !important",
  },
});

const highlight = HighlightStyle.define([
  {
    tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.modifier, tags.self],
    color: "var(--code-keyword)",
  },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit], color: "var(--code-number)" },
  { tag: [tags.comment, tags.docString], color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName, tags.labelName],
    color: "var(--code-function)",
  },
  {
    tag: [tags.definition(tags.function(tags.variableName))],
    color: "var(--code-function)",
    fontWeight: "500",
  },
  {
    tag: [tags.typeName, tags.className, tags.namespace, tags.tagName, tags.standard(tags.name)],
    color: "var(--code-type)",
  },
  { tag: [tags.meta, tags.annotation, tags.processingInstruction, tags.escape], color: "var(--code-meta)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--code-type)" },
  { tag: tags.invalid, color: "var(--code-invalid)" },
  { tag: tags.heading, fontWeight: "700", color: "var(--code-function)" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--code-function)", textDecoration: "underline" },
  { tag: tags.monospace, color: "var(--code-string)" },
  { tag: tags.quote, color: "var(--quiet)" },
  { tag: tags.inserted, color: "var(--code-string)" },
  { tag: tags.deleted, color: "var(--code-invalid)" },
]);
