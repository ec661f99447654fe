/** Numbers in words. */

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let index = 0;
  while (count >= 1000 && index < units.length - 1) [count, index] = [count / 1000, index + 1];
  return `${index && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[index]}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole >= 48 * 3600) return `${Math.floor(whole / 86400)} days`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Position in a video, `0:07.24`. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}

export function when(iso) {
  if (!iso) return "";
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(
    [],
    today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" },
  );
}

/** A share in [0, 1] as `87 %`. */
export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

export function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
