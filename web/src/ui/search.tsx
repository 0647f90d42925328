import { Search, X } from "lucide-react";
import { type Ref, useDeferredValue, useEffect, useState } from "react";
import { t } from "../words";
import { IconButton } from "./button";
import styles from "./search.module.css";

/** A field to search in what is below. Escape empties it. */
export function SearchField({
  label,
  value,
  onChange,
  autoFocus,
  ref,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  autoFocus?: boolean;
  ref?: Ref<HTMLInputElement>;
}) {
  return (
    <search className={styles.search}>
      <Search size={16} strokeWidth={1.5} aria-hidden />
      <input
        ref={ref}
        type="search"
        // biome-ignore lint/a11y/noAutofocus: it is asked for where a dialog begins with it
        autoFocus={autoFocus}
        aria-label={label}
        placeholder={label}
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={(e) => onChange(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== "Escape" || value === "") return;
          e.stopPropagation();
          onChange("");
        }}
      />
      {value === "" ? null : (
        <IconButton label={t("Empty the search")} onClick={() => onChange("")}>
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      )}
    </search>
  );
}

/** The value once it has not changed for a moment: what is worth a request. */
export function useSettled(value: string, after = 150): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return useDeferredValue(settled);
}
