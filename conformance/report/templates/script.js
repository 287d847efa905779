"use strict";
// Filter, sort, search; a cell opened. The page is readable without: everything here only hides, orders and repeats.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const data = JSON.parse(one("data").textContent);
  const lines = all(".m tbody tr").map((row, place) => ({ row, place, body: row.parentNode, text: "", cells: null }));
  const severest = ["crash", "timeout", "fail", "undecided", "deviation", "pass", "unsupported"];
  const place = (td) => Number(td.id.slice(1));
  const cellsOf = (line) => (line.cells ??= all("td[id]", line.row));
  const make = (tag, text, style) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (style) made.className = style;
    return made;
  };

  // ------------------------------------------------------------------ filter, sort, search
  const sheet = document.head.appendChild(document.createElement("style"));
  const selects = all("select[data-axis]");
  const state = () => ({
    text: one("find").value.trim().toLowerCase(),
    verdict: one("verdicts").value,
    order: one("order").value,
    axes: selects.map((select) => [data.axes.indexOf(select.dataset.axis), select.value]).filter(([, value]) => value),
  });
  const textOf = (line) => {
    if (!line.text) {
      const records = new Set(cellsOf(line).flatMap((td) => data.records[place(td)] ?? []).map((n) => data.names[n]));
      line.text = [line.row.firstElementChild.textContent, line.row.querySelector("a").title, ...records].join(" ").toLowerCase();
    }
    return line.text;
  };

  function apply() {
    const { text, verdict, order, axes } = state();
    const kept = data.columns.map((column) => axes.every(([axis, value]) => column[axis] === value));
    const filtered = axes.length || verdict || text;
    let shown = 0;
    for (const line of lines) {
      let found = !text || text.split(/\s+/).every((word) => textOf(line).includes(word));
      if (found && filtered) {
        const visible = cellsOf(line).filter((td) => kept[data.column[place(td)]] && (!verdict || td.classList.contains(verdict)));
        shown += visible.length;
        found = visible.length > 0;
      }
      line.row.hidden = !found;
    }
    hide(kept, filtered);
    all(".layer").forEach((layer) => { layer.hidden = !layer.querySelector("tbody tr:not([hidden])"); });
    sort(order, kept);
    one("shown").textContent = filtered ? `${shown} cells` : `${data.column.length} cells`;
  }

  // Columns that are not wanted, or in which nothing is left.
  function hide(kept, filtered) {
    const rules = [];
    all(".m").forEach((table, number) => {
      table.dataset.t = number;
      const used = new Set(filtered ? all("tbody tr:not([hidden]) td[id]", table).map((td) => data.column[place(td)]) : []);
      const stays = (head) => kept[head.dataset.c] && (!filtered || used.has(Number(head.dataset.c)));
      all("th.subject", table).forEach((head, at) => {
        if (!stays(head)) rules.push(`.m[data-t="${number}"] tbody tr > :nth-child(${at + 2}), .m[data-t="${number}"] th.subject:nth-child(${at + 1})`);
      });
      all("th[data-backend]", table).forEach((head) => {
        const span = all("th.subject", table).filter((each) => stays(each) && data.columns[each.dataset.c][0] === head.dataset.backend).length;
        head.hidden = !span;
        if (span) head.colSpan = span;
      });
    });
    sheet.textContent = rules.length ? `${rules.join(",\n")} { display: none; }` : "";
  }

  function sort(order, kept) {
    const rank = (line) => {
      const chosen = cellsOf(line).filter((td) => kept[data.column[place(td)]]);
      if (order === "verdict") return Math.min(...chosen.map((td) => severest.indexOf(td.className.split(" ")[0])));
      return -Math.max(...chosen.map((td) => data.size[place(td)]));
    };
    const ranked = order ? new Map(lines.map((line) => [line, rank(line)])) : null;
    const sorted = [...lines].sort((a, b) => (ranked ? ranked.get(a) - ranked.get(b) : 0) || a.place - b.place);
    if (order || lines.sorted) sorted.forEach((line) => line.body.append(line.row));
    lines.sorted = Boolean(order);
  }

  let waiting;
  one("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  for (const select of all(".tools select")) select.addEventListener("change", apply);
  one("reset").addEventListener("click", () => { all(".tools input, .tools select").forEach((each) => { each.value = ""; }); apply(); });
  one("shown").textContent = `${data.column.length} cells`;

  // ------------------------------------------------------------------ a cell opened
  const dialog = one("cell");
  let from = null;
  const subject = (number) => data.columns[data.column[number]].map((value, axis) => `${data.axes[axis]}=${value}`).join(" ");

  function facts(pairs) {
    const list = make("dl", undefined, "facts");
    for (const [name, text] of pairs) if (text !== "" && text !== null && text !== undefined) list.append(make("dt", name), make("dd", text));
    return list;
  }

  function described(number, td) {
    const row = td.parentNode;
    const clause = row.querySelector("a").textContent;
    const told = one(`clause-${clause}`);
    const shown = make("article");
    const head = make("h3");
    head.id = "cell-title";
    head.append(make("span", td.className, `tag ${td.className}`), ` ${clause}`);
    shown.append(head);
    const activation = row.firstElementChild.textContent.slice(clause.length).trim();
    shown.append(make("p", `${subject(number)}${activation ? ` activation=${activation}` : ""}`, "id"));
    if (told) {
      const [statement, formula] = [told.cells[1].firstChild.textContent, told.cells[1].querySelector("code").textContent];
      shown.append(facts([["statement", statement], ["formula", formula]]));
    }
    const [examples, elements, undecided] = data.counted[number];
    const near = data.nearest[number];
    shown.append(facts([
      ["asked", `${examples} examples, ${elements} elements judged, ${undecided} undecided`],
      ["grade", data.grades[number]],
      ["worst error / bound", data.worst[number] ? `${data.worst[number]} among the answers within it` : ""],
      ["nearest to its bound", near ? `${near[0]} of a ${near[1]} case: got ${near[2]}, expected ${near[3]} ± ${near[4]}` : ""],
      ["said", data.messages[number]],
      ["id", data.ids[number]],
    ]));
    return shown;
  }

  function open(td) {
    const number = place(td);
    const shown = described(number, td);
    for (const name of data.records[number] ?? []) {
      const record = one(`record-${data.names[name]}`);
      if (!record) continue;
      const [, kind, severity, , reason] = record.cells;
      shown.append(make("h3", `${data.names[name]} (${kind.textContent}, ${severity.textContent})`));
      const text = make("p");
      text.append(...[...reason.cloneNode(true).childNodes]);
      shown.append(text);
    }
    const article = one(data.ids[number]);
    if (article) for (const finding of all(".finding", article)) shown.append(finding.cloneNode(true));
    else if (data.records[number]?.length) shown.append(make("p", `The case and a reproducer: conformance reproduce RESULTS ${data.ids[number]}`, "soft"));
    const close = make("button", "close", "close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(close, shown);
    from = td;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    history.replaceState(null, "", `#${data.ids[number]}`);
  }
  dialog.addEventListener("close", () => { history.replaceState(null, "", " ".trim() || location.pathname + location.search); from?.focus(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) return copy(button);
    const td = event.target.closest(".m td[id]");
    if (td) { event.preventDefault(); return open(td); }
    const link = event.target.closest("a[href^='#']");
    if (link && shownBy(link.getAttribute("href"))) event.preventDefault();
  });

  function shownBy(hash) {
    const number = data.ids.indexOf(decodeURIComponent(hash.slice(1)));
    const td = number < 0 ? null : one(`c${number}`);
    if (td) open(td);
    return td;
  }

  async function copy(button) {
    const text = button.parentNode.querySelector("pre").textContent;
    try { await navigator.clipboard.writeText(text); } catch {
      const area = button.parentNode.appendChild(make("textarea", text));
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  }

  // ------------------------------------------------------------------ keyboard: one stop in the matrix, arrows within it
  const first = document.querySelector(".m td[id]");
  if (first) first.tabIndex = 0;
  const stops = (root) => all("td[id]", root).filter((td) => td.offsetParent);
  const above = { ArrowUp: -1, ArrowDown: 1 };
  document.addEventListener("keydown", (event) => {
    const td = event.target.closest?.(".m td[id]");
    if (!td || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); return open(td); }
    let to = null;
    const along = stops(td.parentNode), at = along.indexOf(td);
    if (event.key === "ArrowRight") to = along[at + 1];
    else if (event.key === "ArrowLeft") to = along[at - 1];
    else if (event.key === "Home") to = along[0];
    else if (event.key === "End") to = along.at(-1);
    else if (above[event.key]) {
      const rows = all(".m tbody tr").filter((row) => !row.hidden && !row.closest(".layer").hidden);
      for (let row = rows.indexOf(td.parentNode) + above[event.key]; rows[row] && !to; row += above[event.key])
        to = stops(rows[row]).sort((a, b) => Math.abs(a.cellIndex - td.cellIndex) - Math.abs(b.cellIndex - td.cellIndex))[0];
    } else return;
    event.preventDefault();
    if (to) { td.tabIndex = -1; to.tabIndex = 0; to.focus(); to.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  });

  document.addEventListener("mouseover", (event) => {
    const td = event.target.closest(".m td[id]");
    if (td && !td.title) td.title = `${td.parentNode.firstElementChild.textContent}: ${td.className}, ${data.grades[place(td)] ?? ""}\n${subject(place(td))}`;
  });
  document.addEventListener("focusin", (event) => {
    const td = event.target.closest?.(".m td[id]");
    if (td) td.setAttribute("aria-label", `${td.parentNode.firstElementChild.textContent}: ${td.className}, ${td.textContent}, ${subject(place(td))}`);
  });
  addEventListener("hashchange", () => shownBy(location.hash));
  if (location.hash) shownBy(location.hash);
})();
