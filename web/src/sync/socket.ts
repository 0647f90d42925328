/**
 * The only file that opens WebSockets. Everything above it takes an OpenSocket,
 * so that tests can put their own wire in its place.
 */

/** Close codes of our sockets; see the seams in internal/api and internal/term. */
export const closeCode = {
  protocol: 4400,
  signedOut: 4401,
  forbidden: 4403,
  gone: 4404,
  replaced: 4409,
  tooLarge: 4413,
  notText: 4415,
  tooSlow: 4429,
  stopping: 4503,
  /** What browsers report when a connection failed or broke without a close frame. */
  broken: 1006,
} as const;

/** One open or opening connection. */
export type Socket = {
  send(data: Uint8Array<ArrayBuffer> | string): void;
  /** Ends the connection. The close event still comes, once. */
  close(code?: number, reason?: string): void;
  /** Bytes that were given to send and are not yet on the wire. */
  readonly buffered: number;
};

export type SocketEvents = {
  open(): void;
  message(data: Uint8Array<ArrayBuffer> | string): void;
  /** Comes exactly once, also when the connection was never open. */
  close(code: number, reason: string): void;
};

export type OpenSocket = (url: string, protocols: string[], events: SocketEvents) => Socket;

/** Opens a browser's WebSocket. */
export const openWebSocket: OpenSocket = (url, protocols, events) => {
  const ws = new WebSocket(url, protocols);
  ws.binaryType = "arraybuffer";
  ws.onopen = () => events.open();
  ws.onmessage = (e: MessageEvent<ArrayBuffer | string>) =>
    events.message(typeof e.data === "string" ? e.data : new Uint8Array(e.data));
  ws.onclose = (e) => events.close(e.code, e.reason);
  return {
    send: (data) => {
      // One that is closing takes nothing, and complains; what it did not take is sent again over the next.
      if (ws.readyState === WebSocket.OPEN) ws.send(data);
    },
    close: (code, reason) => {
      // Browsers complain of one that is closed before it is open; it is closed as soon as it is.
      if (ws.readyState === WebSocket.CONNECTING) ws.onopen = () => ws.close(code, reason);
      else ws.close(code, reason);
    },
    get buffered() {
      return ws.bufferedAmount;
    },
  };
};
