"use strict";
// Sorting and filtering of the summary, and buttons that copy commands. Nothing of the page's data
// stands here, so that the script's hash is that of the file.
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const status = document.getElementById("status");
  const say = (text) => { status.textContent = text; };

  // -- the summary -------------------------------------------------------------------------------
  const table = document.getElementById("matrix");
  const body = table && table.tBodies[0];
  const rows = body ? [...body.rows] : [];
  rows.forEach((row, place) => { row.place = place; });

  // A column's cells hold what they can be sorted by; those without a figure come last either way.
  let quantity = "error";
  const compare = (column, direction) => (a, b) => {
    if (column === 0) {
      const order = a.cells[0].textContent.localeCompare(b.cells[0].textContent, "en");
      return direction * order || a.place - b.place;
    }
    const [x, y] = [a, b].map((row) => row.cells[column].dataset[quantity]);
    if (x === undefined || y === undefined) {
      return (x === undefined) - (y === undefined) || a.place - b.place;
    }
    return direction * (x - y) || a.place - b.place;
  };

  const heads = table ? [...table.querySelectorAll("[data-column]")] : [];
  const sort = (head) => {
    const column = Number(head.dataset.column);
    // Errors: largest first, then smallest; names: from a to z, then back; then as in the study.
    const first = column === 0 ? "ascending" : "descending";
    const second = column === 0 ? "descending" : "ascending";
    const before = head.getAttribute("aria-sort");
    const now = before === first ? second : before === second ? "" : first;
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    if (now) head.setAttribute("aria-sort", now);
    const order = now ? compare(column, now === "ascending" ? 1 : -1) : (a, b) => a.place - b.place;
    body.append(...[...rows].sort(order));
    say(now ? `Sorted by ${head.title}, ${now}.` : "In the order of the study.");
  };
  for (const head of heads) {
    const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }

  const measure = make("select", { id: "sort-by" });
  const resort = () => {
    quantity = measure.value;
    const sorted = heads.find((head) => head.hasAttribute("aria-sort"));
    if (!sorted || sorted.dataset.column === "0") return;
    const direction = sorted.getAttribute("aria-sort") === "ascending" ? 1 : -1;
    body.append(...[...rows].sort(compare(Number(sorted.dataset.column), direction)));
  };
  const words = make("input", { type: "search", id: "filter-words", autocomplete: "off" });
  const least = make("select", { id: "filter-grade" });
  const shown = make("span", { className: "quiet" });
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let visible = 0;
    for (const row of rows) {
      const name = row.cells[0].textContent.toLowerCase();
      const kept = wanted.every((word) => name.includes(word)) &&
        (!least.value || [...row.cells].some((cell) => cell.matches(least.value)));
      row.hidden = !kept;
      visible += kept;
    }
    shown.textContent = `${visible} of ${rows.length} rows`;
    say(shown.textContent);
  };
  if (rows.length) {
    const choices = [
      ["every row", ""],
      ["above 0.5 ulp or wrongly rounded", ".g-one, .g-four, .g-more"],
      ["above 1 ulp", ".g-four, .g-more"],
      ["above 4 ulp", ".g-more"],
      ["with a wrong special value", ":has(.special)"],
      ["with something undecided or missing", ".g-none, :has(.open)"],
    ];
    least.append(...choices.map(([text, value]) => make("option", { value }, text)));
    const quantities = [["largest error", "error"], ["share wrongly rounded", "wrong"]];
    if ("timed" in table.dataset) quantities.push(["time an element", "time"], ["multiple of the base", "ratio"]);
    measure.append(...quantities.map(([text, value]) => make("option", { value }, text)));
    measure.addEventListener("change", resort);
    words.addEventListener("input", filter);
    least.addEventListener("change", filter);
    const tools = document.getElementById("tools");
    tools.append(
      make("label", { htmlFor: words.id }, "Function"), words,
      make("label", { htmlFor: least.id }, "Show"), least,
      make("label", { htmlFor: measure.id }, "Sort by"), measure, shown,
    );
    tools.hidden = false;
    shown.textContent = `${rows.length} of ${rows.length} rows`;
  }

  // -- copying -----------------------------------------------------------------------------------
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = make("textarea", { value: text, className: "vh" });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  const copier = (source, label) => {
    const button = make("button", { type: "button", className: "copy", title: label }, "copy");
    button.setAttribute("aria-label", label);
    button.addEventListener("click", async () => {
      const done = await copy(source.textContent);
      button.textContent = done ? "copied" : "failed";
      say(done ? "Copied." : "The browser did not let the page copy.");
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
    return button;
  };
  for (const command of document.querySelectorAll("[data-command] code")) {
    command.after(copier(command, "Copy this command"));
  }
  for (const command of document.querySelectorAll("[data-copy] code")) {
    command.after(copier(command, "Copy the command that repeats this"));
  }
  for (const place of document.querySelectorAll("[data-repeat]")) {
    const command = document.querySelector(`[data-command="${place.dataset.repeat}"] code`);
    if (command) place.append(copier(command, "Copy the command that repeats this witness"));
  }
})();
