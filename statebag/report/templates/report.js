"use strict";

const byId = (id) => document.getElementById(id);

/* Waits until typing pauses. */
const later = (act) => {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, 120); };
};

/* Copies a text; a page that is a file may have no clipboard but the old one. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.body.appendChild(document.createElement("textarea"));
    field.value = text;
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

/* A button behind a command that copies it. */
function copyable(command) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${command.textContent}`);
  button.addEventListener("click", async () => {
    await copy(command.textContent);
    button.focus();
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  command.after(" ", button);
}

/* Says what a search found, and how to find what the page does not carry. */
function tell(found, text, input) {
  const whole = input.dataset.whole, words = input.value.trim();
  found.textContent = whole ? `${text}: ` : text;
  if (!whole) return;
  const command = document.createElement("code");
  command.textContent = `${whole} '${words.replaceAll("'", "'\\''")}'`;
  found.append(command);
  copyable(command);
}

/* Shows the rows of a table that hold every word, in themselves or in what they open. */
function filterRows(input) {
  const rows = [...byId(input.dataset.filters).rows].filter((row) => !row.matches(".detail, .divider")).map((row) => {
    const detail = row.nextElementSibling?.matches(".detail") ? row.nextElementSibling : null;
    return [row, detail, (row.textContent + (detail?.textContent ?? "")).toLowerCase()];
  });
  const found = byId(input.getAttribute("aria-describedby"));
  input.addEventListener("input", later(() => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, detail, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (detail) detail.hidden = row.hidden || row.querySelector(".opener").ariaExpanded !== "true";
      count += row.hidden ? 0 : 1;
    }
    const left = input.dataset.left ? ` on this page; it does not search ${input.dataset.left}` : "";
    if (words.length) tell(found, `${count} of ${rows.length}${left}`, input);
    else found.textContent = "";
  }));
}

/* A button that shows the row below it. */
function opens(button) {
  button.addEventListener("click", () => {
    const detail = byId(button.getAttribute("aria-controls"));
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", String(!detail.hidden));
  });
}

/* The key / leads to the search. */
function searchByKey(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const input = byId("state-search") ?? byId("timeline-search");
  if (!input) return;
  event.preventDefault();
  input.scrollIntoView({ block: "center" });
  input.focus({ preventScroll: true });
}

/* Shows the parts of the tree whose name or value holds the text, and what they are in. */
function searchTree(input) {
  const tree = byId(input.dataset.filters), found = byId(input.getAttribute("aria-describedby"));
  const parts = [...tree.querySelectorAll("li")].map((item) => {
    const own = item.firstElementChild;
    const shown = own && own.matches("details") ? own.querySelector("summary") : item;
    return [item, shown.textContent.toLowerCase()];
  });
  const opened = new Set([...tree.querySelectorAll("details[open]")]);
  let hits = [], at = -1;

  function clear() {
    for (const [item] of parts) { item.hidden = false; item.classList.remove("hit"); }
    for (const each of tree.querySelectorAll("details")) each.open = opened.has(each);
    found.textContent = "";
  }
  function search() {
    const text = input.value.trim().toLowerCase();
    hits = []; at = -1;
    if (!text) { clear(); return; }
    const seen = new Set();
    for (const [item, own] of parts) {
      const isHit = own.includes(text);
      item.classList.toggle("hit", isHit);
      if (!isHit) continue;
      hits.push(item);
      seen.add(item);
      for (let above = item.parentElement.closest("li"); above && !seen.has(above); above = above.parentElement.closest("li")) {
        seen.add(above);
        above.firstElementChild.open = true;
      }
    }
    for (const [item] of parts) item.hidden = !seen.has(item) && !item.parentElement.closest(".hit");
    tell(found, `${hits.length} of the ${parts.length} parts on this page; to search all of the state`, input);
  }
  input.addEventListener("input", later(search));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; search(); }
    if (event.key !== "Enter" || !hits.length) return;
    event.preventDefault();
    at = (at + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
    hits[at].scrollIntoView({ block: "center" });
    found.textContent = `${at + 1} of ${hits.length}`;
  });
}

/* Arrow keys walk the tree as a file manager's do. */
function walkTree(tree) {
  const rows = () => [...tree.querySelectorAll("summary")].filter((row) => row.checkVisibility());
  tree.addEventListener("keydown", (event) => {
    const row = event.target.closest("summary");
    if (!row) return;
    const details = row.parentElement, all = rows(), here = all.indexOf(row);
    let next = null;
    if (event.key === "ArrowDown") next = all[here + 1];
    else if (event.key === "ArrowUp") next = all[here - 1];
    else if (event.key === "ArrowRight" && !details.open) details.open = true;
    else if (event.key === "ArrowRight") next = details.querySelector(":scope > ul summary");
    else if (event.key === "ArrowLeft" && details.open) details.open = false;
    else if (event.key === "ArrowLeft") next = details.parentElement.closest("details")?.querySelector("summary");
    else return;
    event.preventDefault();
    next?.focus();
  });
}

/* Opens what a link's target is in. */
function reveal() {
  const target = location.hash.startsWith("#part-") ? byId(location.hash.slice(1)) : null;
  if (!target) return;
  for (let above = target; above; above = above.parentElement.closest("details")) if (above.matches("details")) above.open = true;
  for (let item = target.closest("li"); item; item = item.parentElement.closest("li")) item.hidden = false;
  target.scrollIntoView({ block: "center" });
  (target.querySelector("summary") ?? target).focus({ preventScroll: true });
}

/* A line along the chart, moved by the pointer or the arrow keys, and what it stands at in words. */
function readChart(chart) {
  const points = JSON.parse(chart.dataset.points), cursor = chart.querySelector(".cursor"), read = byId("sizes-read");
  const width = points.length > 1 ? points[1][0] - points[0][0] : chart.viewBox.baseVal.width;
  let at = -1;
  function move(to) {
    at = Math.max(0, Math.min(points.length - 1, to));
    const [x, number, state, size, without] = points[at];
    cursor.removeAttribute("hidden");
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x + width / 2);
    read.textContent = `Step ${number}, ${state}: ${size}; without offloading ${without}`;
  }
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
    move(Math.floor((x - points[0][0]) / width));
  });
  chart.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: points.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
}

for (const input of document.querySelectorAll("input[data-filters$='-rows']")) filterRows(input);
const search = byId("state-search"), tree = byId("state-tree"), chart = byId("sizes-chart");
if (search) searchTree(search);
if (tree) {
  walkTree(tree);
  byId("state-fold").addEventListener("click", () => {
    for (const each of tree.querySelectorAll("li li details[open]")) each.open = false;
  });
}
if (chart) readChart(chart);
for (const button of document.querySelectorAll(".opener")) opens(button);
for (const command of document.querySelectorAll("code.command")) copyable(command);
addEventListener("keydown", searchByKey);
addEventListener("hashchange", reveal);
reveal();
