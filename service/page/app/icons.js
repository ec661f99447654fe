/** Line icons, 20 by 20. */

const PATHS = {
  brush:
    "M4 16c2 .6 4-.3 4-2.4 0-1.2-.9-2-2-2-2 0-1.2 2.600-2 4.400zM8 11.600 15.200 3.800c.5-.5 1.500.4 1 1L9.600 13",
  eraser:
    "m7 16-3.500-3.500a1 1 0 0 1 0-1.400l7.100-7.100a1 1 0 0 1 1.400 0l4 4a1 1 0 0 1 0 1.400L10 16zM7 16h9M7.500 7.500l5.500 5.500",
  polygon: "M10 3 17 8l-2.600 8.500H5.600L3 8z",
  box: "M4 5h12v10H4z",
  hand: "M10 3v14M3 10h14M10 3 8 5M10 3l2 2M10 17l-2-2M10 17l2-2M3 10l2-2M3 10l2 2M17 10l-2-2M17 10l-2 2",
  undo: "M7 5 3.500 8.500 7 12M4 8.500h7.500a4 4 0 0 1 0 8H9",
  redo: "m13 5 3.500 3.500L13 12M16 8.500H8.500a4 4 0 0 0 0 8H11",
  play: "M6 4v12l10-6z",
  pause: "M6.500 4v12M13.500 4v12",
  previous: "M13 4 6 10l7 6",
  next: "m7 4 7 6-7 6",
  first: "M15 4 8 10l7 6M5 4v12",
  last: "m5 4 7 6-7 6M15 4v12",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  trash: "M4 6h12M8 6V4h4v2M5.500 6l.8 10h7.400l.8-10",
  absent: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM5 5l10 10",
  eye: "M2.500 10S5 5 10 5s7.500 5 7.500 5-2.500 5-7.500 5-7.500-5-7.500-5zM10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  eyeOff:
    "M3 3l14 14M5 6.500A12 12 0 0 0 2.500 10S5 15 10 15c1.300 0 2.400-.3 3.400-.8M8 5.200A8 8 0 0 1 10 5c5 0 7.500 5 7.500 5a12 12 0 0 1-2 2.600",
  download: "M10 3v9M6.500 9l3.500 3.500L13.500 9M4 16h12",
  upload: "M10 13V4M6.500 7 10 3.500 13.500 7M4 16h12",
  key: "M12.500 11.500a4 4 0 1 0-4-4c0 .5.100 1 .2 1.400L3 14.600V17h3v-2h2v-2h1.500l1.300-1.700c.5.100 1.100.2 1.700.2zM13.500 6.500h.01",
  help: "M7.500 7.500a2.500 2.500 0 1 1 3.700 2.200c-.8.4-1.2 1-1.2 1.800v.5M10 15h.01",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM10 2v2M10 16v2M2 10h2M16 10h2M4.300 4.300l1.400 1.400M14.300 14.300l1.400 1.400M4.300 15.700l1.400-1.400M14.300 5.700l1.400-1.400",
  moon: "M16 12.500A6.500 6.500 0 0 1 7.500 4 6.500 6.500 0 1 0 16 12.500z",
  close: "M5 5l10 10M15 5 5 15",
  flag: "M5 17V4M5 4h9l-2 3.500L14 11H5",
  film: "M3 4h14v12H3zM6.500 4v12M13.500 4v12M3 8h3.500M3 12h3.500M13.500 8H17M13.500 12H17",
};

/** @param {keyof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 20 20",
    width: 20,
    height: 20,
    class: "icon",
    "aria-hidden": "true",
  }))
    svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
