/**
 * All tools and keys, one row each. The toolbar, the buttons' titles, the keyboard and the help
 * read this table and nothing else.
 *
 * `keys` are the names of KeyboardEvent.key (letters in lower case), after "Ctrl+" or "Ctrl+Shift+"
 * where they need these; `shown` is how people read them. A `tool` can be chosen in the toolbar.
 * `drawsOnly` commands do nothing where drawing is not allowed. Rows without `run` tell what other
 * parts of the page do: the stage moves the crosshair, the views send.
 */

const digits = Array.from({ length: 9 }, (_, i) => String(i + 1));

const tool = (name, label, key, hint, help = label) => ({
  group: "Draw",
  name,
  label,
  keys: [key],
  shown: key.toUpperCase(),
  help,
  hint,
  isTool: true,
  run: (studio) => studio.choose(name),
});

const look = (name, label, keys, shown, run) => ({ group: "Look", name, label, keys, shown, run });

const draw = (name, label, keys, shown, run, drawsOnly = false) => ({
  group: "Draw",
  name,
  label,
  keys,
  shown,
  run,
  drawsOnly,
});

const told = (group, shown, label) => ({ group, name: null, label, keys: [], shown, run: null });

const CROSSHAIR = "Draw by keyboard, with the picture focused";

export const COMMANDS = [
  look("previous", "Frame back", ["ArrowLeft"], "←", (s) => s.show(s.frame - 1)),
  look("next", "Frame forward", ["ArrowRight"], "→", (s) => s.show(s.frame + 1)),
  look("back10", "Ten frames back", ["PageUp"], "Page Up", (s) => s.show(s.frame - 10)),
  look("forward10", "Ten frames forward", ["PageDown"], "Page Down", (s) => s.show(s.frame + 10)),
  look("first", "First frame", ["Home"], "Home", (s) => s.show(0)),
  look("last", "Last frame", ["End"], "End", (s) => s.show(s.video.frames - 1)),
  look("play", "Play", [" "], "Space", (s) => s.toggle()),
  look("review", "Next frame worth a look", ["n"], "N", (s) => s.showNextReview()),
  look("plus", "Zoom in", ["+", "="], "+", (s) => s.stage.zoom(1.25)),
  look("minus", "Zoom out", ["-"], "−", (s) => s.stage.zoom(0.8)),
  look("fit", "Fit into the window", ["0"], "0", (s) => s.stage.fit()),
  look("masks", "Show or hide the masks", ["h"], "H", (s) => s.toggleMasks()),
  told("Look", "Mouse wheel", "Zoom at the pointer"),
  told("Look", "Right or middle button", "Move the picture"),

  tool("brush", "Brush", "b", "Drag to paint. [ and ] change the size, the wheel zooms."),
  tool("eraser", "Eraser", "e", "Drag to erase. [ and ] change the size."),
  tool(
    "polygon",
    "Polygon",
    "p",
    "Click corners. Enter or the first corner closes, Backspace takes one back.",
    "Polygon: click corners, Enter closes it",
  ),
  tool("box", "Box", "r", "Drag from corner to corner."),
  tool("hand", "Move the picture", "m", ""),
  draw("smaller", "Smaller brush", ["["], "[", (s) => s.setRadius(s.easel.radius / 1.25)),
  draw("larger", "Larger brush", ["]"], "]", (s) => s.setRadius(s.easel.radius * 1.25)),
  draw("object", "Choose an object", digits, "1 to 9", (s, key) => s.objects.choose(Number(key))),
  draw("add", "Add an object", ["a"], "A", (s) => s.objects.add(), true),
  draw("absent", "The object is not in this frame", ["x"], "X", (s) => s.erase(), true),
  draw("undo", "Undo", ["Ctrl+z"], "Ctrl Z", (s) => s.undo()),
  draw("redo", "Redo", ["Ctrl+Shift+z", "Ctrl+y"], "Ctrl Shift Z", (s) => s.undo(true)),
  told("Draw", "Ctrl Enter", "Send"),

  told(CROSSHAIR, "Shift and arrows", "Move the crosshair; with Ctrl by one pixel"),
  told(CROSSHAIR, "Enter", "Put the brush, a corner, or a box corner there"),
  told(CROSSHAIR, "Shift Enter", "Close the polygon"),
  told(CROSSHAIR, "Escape", "Give up the shape"),
];

export const TOOLS = COMMANDS.filter((command) => command.isTool);

export function commandNamed(name) {
  return COMMANDS.find((command) => command.name === name);
}

/** The command that a key stands for, if any. */
export function commandOf(event) {
  const key = keyOf(event);
  return COMMANDS.find((command) => command.keys.includes(key));
}

function keyOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return key;
  return `Ctrl+${event.shiftKey ? "Shift+" : ""}${key}`;
}
