import { Check, Copy } from "lucide-react";
import { useRef, useState } from "react";
import { t } from "../words";
import { Button } from "./button";
import styles from "./copy.module.css";

/** A text to take along: an address, a token. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // The browser forbids it (plain HTTP); the text is selected, so Ctrl-C copies it.
      input.current?.focus();
    }
  };
  return (
    <div className={styles.copy}>
      <input ref={input} readOnly value={value} aria-label={label} onFocus={(e) => e.target.select()} />
      <Button onClick={() => void copy()}>
        {copied ? (
          <Check size={16} strokeWidth={1.5} aria-hidden />
        ) : (
          <Copy size={16} strokeWidth={1.5} aria-hidden />
        )}
        <span aria-live="polite">{copied ? t("Copied") : t("Copy")}</span>
      </Button>
    </div>
  );
}
