import { X } from "lucide-react";
import { AlertDialog, Dialog as Radix } from "radix-ui";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { t } from "../words";
import { type Hold, holdKeys } from "./ahead";
import { Button, IconButton } from "./button";
import { classes } from "./classes";
import styles from "./dialog.module.css";
import { Field } from "./field";

/** Where nothing is to be filled in, the dialog itself takes the focus, not its Close button. */
function focusContent(e: Event) {
  if (!(e.target instanceof HTMLElement) || e.target.querySelector("input, textarea, select") !== null)
    return;
  e.preventDefault();
  e.target.focus();
}

/**
 * Gives the focus back to what had it before the dialog was open: Radix does so only
 * where a button of its own opens it. Then, and not before, closed may take it. What
 * is typed meanwhile is for what has it then.
 */
function useFocusBack(open: boolean, closed?: () => void): (e: Event) => void {
  const was = useRef(false);
  const before = useRef<Element>(null);
  if (open && !was.current) before.current = document.activeElement;
  was.current = open;
  const typed = useRef<Hold>(undefined);
  useLayoutEffect(() => {
    if (!open) return;
    return () => {
      typed.current = holdKeys();
    };
  }, [open]);
  return (e) => {
    e.preventDefault();
    const { current: back } = before;
    const nowhere = document.activeElement === null || document.activeElement === document.body;
    if (nowhere && back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
    closed?.();
    typed.current?.arrived();
  };
}

/** Something to decide or fill in, over the page. Escape and a press beside it close it. */
export function Dialog({
  open,
  onClose,
  onClosed,
  title,
  description,
  wide,
  children,
}: {
  open: boolean;
  onClose: () => void;
  /** It is gone, and the focus is back where it was. */
  onClosed?: () => void;
  title: string;
  description?: string;
  wide?: boolean;
  children: ReactNode;
}) {
  const back = useFocusBack(open, onClosed);
  return (
    <Radix.Root open={open} onOpenChange={(o) => o || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.shade} />
        <Radix.Content
          className={classes(styles.dialog, wide && styles.wide)}
          onOpenAutoFocus={focusContent}
          onCloseAutoFocus={back}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
        >
          <div className={styles.head}>
            <div>
              <Radix.Title>{title}</Radix.Title>
              {description === undefined ? null : <Radix.Description>{description}</Radix.Description>}
            </div>
          </div>
          {children}
          {/* Last, so that the first field has the focus and not this. */}
          <Radix.Close asChild>
            <IconButton label={t("Close")} className={styles.close}>
              <X size={16} strokeWidth={1.5} />
            </IconButton>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Closes a dialog, and does something once the focus is back where it was. */
export type Leave = (then: () => void) => void;

/** A dialog that draws all of itself: the palette. Its title is for screen readers. */
export function BareDialog({
  open,
  onClose,
  title,
  children,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  children: (leave: Leave) => ReactNode;
}) {
  const then = useRef<() => void>(undefined);
  const back = useFocusBack(open, () => {
    const run = then.current;
    then.current = undefined;
    run?.();
  });
  const leave: Leave = (run) => {
    then.current = run;
    onClose();
  };
  return (
    <Radix.Root open={open} onOpenChange={(o) => o || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.shade} />
        <Radix.Content
          className={classes(styles.dialog, styles.wide, styles.bare)}
          aria-describedby={undefined}
          onCloseAutoFocus={back}
        >
          <Radix.Title className="visually-hidden">{title}</Radix.Title>
          {children(leave)}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Asks before something that hurts. With `typed`, that text must be typed first. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  description,
  confirm,
  busy,
  typed,
  onConfirm,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description: string;
  /** The verb on the button. */
  confirm: string;
  busy: string;
  typed?: string;
  /** The dialog closes when it is done; an error is shown in it. */
  onConfirm: () => Promise<unknown>;
}) {
  const [failure, setFailure] = useState("");
  const [sending, setSending] = useState(false);
  const [text, setText] = useState("");
  const back = useFocusBack(open);
  const close = () => {
    setFailure("");
    setText("");
    onClose();
  };
  const send = async () => {
    setSending(true);
    try {
      await onConfirm();
      close();
    } catch (e) {
      setFailure(e instanceof Error ? e.message : t("That did not work."));
    } finally {
      setSending(false);
    }
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={(o) => o || close()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={styles.shade} />
        <AlertDialog.Content className={styles.dialog} onCloseAutoFocus={back}>
          <div className={styles.head}>
            <div>
              <AlertDialog.Title>{title}</AlertDialog.Title>
              <AlertDialog.Description>{description}</AlertDialog.Description>
            </div>
          </div>
          {typed === undefined ? null : (
            <Field
              label={t("Type {text} to go on", { text: typed })}
              value={text}
              onChange={(e) => setText(e.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          <div role="alert">{failure}</div>
          <div className={styles.buttons}>
            <AlertDialog.Cancel asChild>
              <Button>{t("Cancel")}</Button>
            </AlertDialog.Cancel>
            <Button
              look="danger"
              busy={sending && busy}
              disabled={typed !== undefined && text.trim() !== typed}
              onClick={() => void send()}
            >
              {confirm}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
