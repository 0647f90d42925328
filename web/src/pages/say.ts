import { messageOf } from "../api/problem";
import { toast } from "../ui/toast";

/** Waits for work; says that it was done, or why not. Whether it was done. */
export async function say(work: Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work;
  } catch (e) {
    toast({ text: messageOf(e), kind: "bad" });
    return false;
  }
  if (done !== undefined) toast({ text: done });
  return true;
}
