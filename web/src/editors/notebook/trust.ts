// Notebooks whose scripts a person let run, kept on their device.
const place = "lyceum.trusted";
const most = 500;

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "[]");
    return Array.isArray(kept) ? kept.filter((k) => typeof k === "string") : [];
  } catch {
    return []; // what is kept is no JSON, or nothing may be kept
  }
}

export function keptTrust(project: string, path: string): boolean {
  return read().includes(`${project}/${path}`);
}

export function keepTrust(project: string, path: string): void {
  const name = `${project}/${path}`;
  const list = [...read().filter((k) => k !== name), name].slice(-most);
  try {
    localStorage.setItem(place, JSON.stringify(list));
  } catch {
    // Nothing may be kept here: it holds while the notebook is open.
  }
}
