// Sends a file, telling how far it is: the one request that `fetch` cannot make, because it does not report progress.

import type { Attachment } from "./types";
import { problemFrom, retryAfter, Unreachable } from "./client";

export interface Sending {
  conversation: string;
  file: File;
  onProgress(share: number): void;
  cancelled: AbortSignal;
}

export type Upload = (sending: Sending) => Promise<Attachment & { id: string }>;

export const upload: Upload = ({ conversation, file, onProgress, cancelled }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/attachments?${new URLSearchParams({ conversation })}`);
    request.setRequestHeader("Content-Type", file.type === "" ? "application/octet-stream" : file.type);
    request.setRequestHeader("Parlance-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Parlance-Request", "page");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = request.onabort = () => reject(new Unreachable());
    request.onload = () => {
      let said: unknown;
      try {
        said = JSON.parse(request.responseText);
      } catch {
        // The status has to do.
      }
      const id = (said as { id?: unknown } | undefined)?.id;
      if (request.status < 300 && typeof id === "string") resolve({ id, name: file.name, type: file.type, size: file.size });
      else reject(problemFrom(request.status, said, retryAfter(request.getResponseHeader("Retry-After"), Date.now())));
    };
    cancelled.addEventListener("abort", () => request.abort());
    request.send(file);
  });
