/** Requests to the service: the key with each, and errors in the service's own words. */

const KEY_NAME = "ctvos.key";

export class ApiError extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

export const apiKey = {
  get: () => localStorage.getItem(KEY_NAME) ?? "",
  set: (key) => (key ? localStorage.setItem(KEY_NAME, key) : localStorage.removeItem(KEY_NAME)),
};

export function authorization() {
  const key = apiKey.get();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** A response that is not an error. */
export async function request(path, { headers, json, ...options } = {}) {
  const init = { ...options, headers: { ...authorization(), ...headers } };
  if (json !== undefined) {
    init.body = JSON.stringify(json);
    init.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached. Is it running?");
  }
  if (!response.ok) throw fromText(response.status, await response.text());
  return response;
}

export async function getJson(path, options) {
  return (await request(path, options)).json();
}

export async function getBlob(path, options) {
  return (await request(path, options)).blob();
}

export async function post(path, json, headers) {
  return (await request(path, { method: "POST", json, headers })).json();
}

export async function remove(path) {
  await request(path, { method: "DELETE" });
}

/**
 * Send a form and say how much of it has gone: fetch cannot tell.
 * @param {(share: number) => void} onProgress
 */
export function upload(path, form, { onProgress, signal, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", path);
    for (const [name, value] of Object.entries({ ...authorization(), ...headers }))
      xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) =>
      event.lengthComputable && onProgress?.(event.loaded / event.total);
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(JSON.parse(xhr.responseText));
      else reject(fromText(xhr.status, xhr.responseText));
    };
    xhr.onerror = () =>
      reject(
        new ApiError(
          0,
          "unreachable",
          "The upload broke off: the server cannot be reached, or has refused it.",
        ),
      );
    xhr.onabort = () => reject(new DOMException("Aborted", "AbortError"));
    signal?.addEventListener("abort", () => xhr.abort());
    xhr.send(form);
  });
}

/** Save a file of the service. A link would not send the key. */
export async function download(path) {
  const response = await request(path);
  const name = /filename\*=UTF-8''([^;]+)/.exec(
    response.headers.get("Content-Disposition") ?? "",
  )?.[1];
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name ? decodeURIComponent(name) : path.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function fromText(status, text) {
  let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Something between here and the service has answered.
  }
  const detail = problem.detail || `The server answered ${status}.`;
  const error = new ApiError(status, problem.code ?? `http_${status}`, detail);
  if (status === 401) document.dispatchEvent(new CustomEvent("key-needed", { detail }));
  return error;
}
