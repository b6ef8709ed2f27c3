// The page of `dryload scan -o html=FILE`. It reads the two blocks of JSON beside it and builds the table and
// the details out of elements and text; nothing that a file chose is ever parsed as markup, used as an
// address or put into a selector. It asks nobody for anything and keeps nothing.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const parsed = (id) => JSON.parse($(id).textContent);
  const about = parsed("about");
  const VERDICTS = about.verdicts;
  const MEANING = {
    malicious: "loading runs or reaches something dangerous, or the file hides a name or a payload",
    invalid: "the file breaks its format's rules, or two readers would see different things",
    unknown: "understood to the end, but it names something that is on neither side of the policy",
    inconclusive: "not judged to the end",
    inert: "every byte that a loader would interpret was interpreted, and the policy permits all of it",
  };
  const files = parsed("files").map(([path, verdict, format, size, found, detail], index) => (
    { index, path, verdict, format, size, found, detail: detail || null, text: null }));

  // --- small helpers -------------------------------------------------------------------------------------
  /** Makes an element; strings among the children become text, null is left out. */
  function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "on") for (const [event, call] of Object.entries(value)) made.addEventListener(event, call);
      else if (key === "class") made.className = value;
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return made;
  }
  const count = (number) => Number(number).toLocaleString("en");
  const counted = (number, noun) => `${count(number)} ${noun}${Number(number) === 1 ? "" : "s"}`;
  const hex = (number) => "0x" + BigInt(number).toString(16);
  function bytes(number) {
    let value = Number(number);
    if (value < 1000) return `${value} B`;
    const units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let unit = -1;
    do { value /= 1000; unit += 1; } while (value >= 999.5 && unit < units.length - 1);
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
  }
  const hidden = (number, noun) => number > 0 ? el("p", { class: "none" }, `and ${count(number)} more ${noun}`) : null;

  // --- the head ------------------------------------------------------------------------------------------
  const tally = VERDICTS.map(() => 0);
  for (const file of files) tally[file.verdict] += 1;
  const sums = about.summary;

  function drawHead() {
    const bad = VERDICTS.map((name) => [name, sums[name]]).filter(([name, n]) => n && name !== "inert");
    const total = counted(sums.files, "file");
    let headline = `${total}: ${bad.map(([name, n]) => `${count(n)} ${name}`).join(", ")}`;
    if (!sums.files) headline = "No file was scanned";
    else if (!bad.length) headline = sums.files === 1 ? "1 file, inert" : `${total}, all inert`;
    $("headline").textContent = headline;
    const run = [
      sums.files ? `${bytes(sums.bytes)} of files, ${bytes(sums.bytes_read)} read` : null,
      sums.elapsed_ms < 10000 ? `${sums.elapsed_ms} ms` : `${count(Math.round(sums.elapsed_ms / 1000))} s`,
      about.policy ? `policy ${about.policy}` : null,
      sums.ignored ? `${count(sums.ignored)} ignored` : null,
      sums.excluded ? `${count(sums.excluded)} excluded` : null,
      about.suppressed ? `${counted(about.suppressed, "finding")} suppressed` : null,
      `exit code ${sums.exit_code}`,
      `version ${about.version}`,
    ];
    $("run").textContent = run.filter(Boolean).join(" · ");
    const warnings = [
      sums.interrupted ? "The scan was interrupted: not all files are here." : null,
      sums.files > files.length
        ? `${counted(sums.files - files.length, "file")} of an earlier run are counted above and not listed.` : null,
    ].filter(Boolean);
    $("warn").textContent = warnings.join(" ");
    $("warn").hidden = !warnings.length;
    const told = [];
    VERDICTS.forEach((name, rank) => {
      if (!tally[rank]) return;
      const piece = el("span", { class: `${name}-fill`, title: `${count(tally[rank])} ${name}` });
      piece.style.flexGrow = tally[rank];
      $("strip").append(piece);
      told.push(`${tally[rank]} ${name}`);
    });
    $("strip").setAttribute("aria-label", `files by verdict: ${told.join(", ") || "none"}`);
  }

  // --- what is shown, and in which order -----------------------------------------------------------------
  const chosen = new Set();
  let words = [];
  let format = "";
  let order = { key: "verdict", down: true };
  let view = [];
  let here = -1; // the place in the view of the row that the keyboard is on
  let opened = null;

  const KEYS = {
    verdict: (file) => -file.verdict,
    path: (file) => file.path,
    found: (file) => file.found,
    format: (file) => file.format,
    size: (file) => Number(file.size),
  };

  function haystack(file) {
    if (file.text === null) {
      const texts = [file.path, file.format, VERDICTS[file.verdict]];
      for (const found of file.detail?.findings || []) texts.push(found.rule, found.message, ...Object.values(found.evidence));
      for (const part of file.detail?.parts || []) {
        texts.push(part.member || "");
        for (const [name] of part.imports || []) texts.push(name);
        for (const [call] of part.calls || []) texts.push(call);
      }
      file.text = texts.join("\n").toLowerCase();
    }
    return file.text;
  }

  function choose() {
    const current = here >= 0 ? view[here] : null;
    view = files.filter((file) => (!chosen.size || chosen.has(file.verdict)) && (!format || file.format === format)
      && words.every((word) => haystack(file).includes(word)));
    const key = KEYS[order.key];
    const sign = order.down ? -1 : 1;
    view = view.map((file) => [key(file), file])
      .sort(([a, x], [b, y]) => (a < b ? -sign : a > b ? sign : x.index - y.index)).map(([, file]) => file);
    here = current ? view.indexOf(current) : -1;
    $("shown").textContent = view.length === files.length ? "" : `${count(view.length)} of ${count(files.length)} shown`;
    $("empty").hidden = view.length > 0;
    $("empty").textContent = files.length ? "No file matches. Escape clears the search."
      : "There was nothing to scan: no file was named, or the folders hold no model files.";
    $("list").querySelector("table").setAttribute("aria-rowcount", view.length + 1);
    drawRows(true);
  }

  function drawTools() {
    VERDICTS.forEach((name, rank) => {
      $("chips").append(el("button", {
        class: "chip", type: "button", "aria-pressed": "false", disabled: !tally[rank], title: MEANING[name],
        "data-verdict": name,
        on: { click: (event) => {
          if (!chosen.delete(rank)) chosen.add(rank);
          event.currentTarget.setAttribute("aria-pressed", String(chosen.has(rank)));
          toTop();
        } },
      }, el("span", { class: `dot ${name}-fill` }), name, el("b", {}, count(tally[rank]))));
    });
    const formats = new Map();
    for (const file of files) formats.set(file.format, (formats.get(file.format) || 0) + 1);
    $("format").append(el("option", { value: "" }, "all formats"));
    for (const [name, number] of [...formats].sort()) {
      if (name) $("format").append(el("option", { value: name }, `${name} (${count(number)})`));
    }
    $("format").addEventListener("change", () => { format = $("format").value; toTop(); });
    $("search").addEventListener("input", () => {
      words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
      toTop();
    });
  }

  function toTop() {
    $("list").scrollTop = 0;
    choose();
  }

  // --- the table: only the rows in sight are in the page ---------------------------------------------------
  const COLUMNS = [["verdict", "Verdict"], ["path", "File"], ["what", "What was found"], ["found", "Findings"],
    ["format", "Format"], ["size", "Size"]];
  const SPARE = 12;
  let drawn = [-1, -1];
  let all = false;

  function drawHeads() {
    for (const [key, title] of COLUMNS) {
      const sorted = KEYS[key]
        ? el("button", { type: "button", on: { click: () => sortBy(key) } }, title)
        : el("button", { type: "button", disabled: true }, title);
      $("heads").append(el("th", { scope: "col", class: `c-${key}`, "data-key": key }, sorted));
    }
    markHeads();
  }

  function markHeads() {
    for (const head of $("heads").children) {
      if (head.dataset.key === order.key) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  function sortBy(key) {
    // Names begin at A, everything else at the most.
    order = order.key === key ? { key, down: !order.down } : { key, down: key !== "path" && key !== "format" };
    markHeads();
    toTop();
  }

  const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));

  function drawRows(anew) {
    const height = rowHeight();
    const list = $("list");
    const first = all ? 0 : Math.max(0, Math.floor(list.scrollTop / height) - SPARE);
    const seen = Math.ceil(list.clientHeight / height) + 2 * SPARE;
    const last = Math.min(view.length, all ? PRINTED : first + seen);
    if (!anew && first === drawn[0] && last === drawn[1]) return;
    const focused = $("rows").contains(document.activeElement);
    drawn = [first, last];
    const rows = [pad(first * height)];
    for (let place = first; place < last; place += 1) rows.push(row(view[place], place));
    rows.push(pad((view.length - last) * height));
    $("rows").replaceChildren(...rows.filter(Boolean));
    if (focused) focusRow();
  }

  function pad(height) {
    if (height <= 0 || all) return null;
    const cell = el("td", {}); // of one column: a hidden one would be shown again by its span
    cell.style.height = `${height}px`;
    return el("tr", { class: "pad", "aria-hidden": "true" }, cell);
  }

  function row(file, place) {
    const name = VERDICTS[file.verdict];
    const cut = file.path.lastIndexOf("/") + 1;
    const first = file.detail?.findings?.[0];
    const button = el("button", {
      class: "path", type: "button", title: file.path, tabindex: place === Math.max(here, 0) ? "0" : "-1",
      "aria-current": place === here ? "true" : null,
    }, cut ? el("i", {}, file.path.slice(0, cut)) : null, el("b", {}, file.path.slice(cut)));
    return el("tr", {
      class: place === here ? "here" : null, "aria-rowindex": place + 2, "data-file": file.index + 1,
      on: { click: () => { here = place; open(file.index); } },
    },
    el("td", { class: `c-verdict ${name}` }, el("span", { class: `dot ${name}-fill` }), name),
    el("td", { class: "c-path" }, button),
    el("td", { class: "c-what what", title: first ? first.message : null }, first ? first.message : ""),
    el("td", { class: "c-found" }, file.found ? count(file.found) : ""),
    el("td", { class: "c-format" }, file.format || "–"),
    el("td", { class: "c-size", title: counted(file.size, "byte") }, bytes(file.size)));
  }

  function focusRow() {
    const button = $("rows").querySelector("tr.here .path");
    if (button) button.focus({ preventScroll: true });
  }

  function goTo(place, focus) {
    if (!view.length) return;
    here = Math.max(0, Math.min(view.length - 1, place));
    const height = rowHeight();
    const list = $("list");
    const top = here * height;
    const room = list.clientHeight - height - 2; // under the heading of the table
    // A step scrolls by a row, a leap to the middle.
    if (top < list.scrollTop - height || top > list.scrollTop + room + height) list.scrollTop = top - room / 2;
    else list.scrollTop = Math.max(Math.min(list.scrollTop, top), top + height - room);
    drawRows(true);
    if (focus) focusRow();
  }

  // --- the detail of one file ------------------------------------------------------------------------------
  const address = (index, part, offset) => `#file=${index + 1}`
    + (part === undefined ? "" : `&part=${part}`) + (offset === undefined ? "" : `&off=${hex(offset)}`);

  function open(index) {
    if (location.hash === address(index)) follow();
    else location.hash = address(index);
  }

  function close() {
    if (location.hash) history.pushState(null, "", location.pathname + location.search);
    follow();
    goTo(here < 0 ? 0 : here, true);
  }

  function follow() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const index = Number(wanted.get("file")) - 1;
    const file = files[index] || null;
    const changed = file !== opened;
    opened = file;
    $("main").classList.toggle("open", Boolean(file));
    $("detail").hidden = !file;
    if (!file) { drawRows(true); return; }
    if (changed) {
      $("detail").setAttribute("aria-label", `details of ${file.path}`);
      $("detail").replaceChildren(...detailOf(file));
      $("detail").scrollTop = 0;
      showCalls();
    }
    const place = view.indexOf(file);
    if (place >= 0) goTo(place, $("rows").contains(document.activeElement));
    if (getComputedStyle($("list")).display === "none") $("detail").querySelector("[data-close]").focus();
    const offset = wanted.get("off");
    if (offset !== null) showOffset(wanted.get("part"), offset);
  }

  /** Scrolls each listing to its first call, or else to the first row that stands out. */
  function showCalls() {
    for (const box of $("detail").querySelectorAll(".ops")) {
      const row = box.querySelector("tr.call") || box.querySelector("tr.import, tr.at");
      if (row) box.scrollTop = row.offsetTop - box.clientHeight / 2;
    }
  }

  function showOffset(part, offset) {
    for (const row of $("detail").querySelectorAll(".ops tr.target")) row.classList.remove("target");
    for (const box of $("detail").querySelectorAll(".ops")) {
      if (part !== null && box.dataset.part !== part) continue;
      for (const row of box.querySelectorAll("tr[data-offset]")) {
        if (Number(row.dataset.offset) !== Number(offset)) continue;
        row.classList.add("target");
        box.scrollIntoView({ block: "nearest" });
        box.scrollTop = row.offsetTop - box.clientHeight / 2;
        return;
      }
    }
  }

  function detailOf(file) {
    const name = VERDICTS[file.verdict];
    const detail = file.detail || {};
    const place = () => view.indexOf(file);
    const step = (by, label, glyph) => el("button", {
      type: "button", class: "step", "aria-label": label, title: label,
      on: { click: () => { goTo(place() + by, false); if (view[here]) open(view[here].index); } },
    }, glyph);
    const head = el("div", { class: "bar" },
      el("h2", {}, el("span", { class: name }, name), el("span", { title: file.path }, file.path.slice(file.path.lastIndexOf("/") + 1))),
      step(-1, "previous file", "↑"), step(1, "next file", "↓"),
      el("button", { type: "button", "data-close": true, on: { click: close } }, "Close"));
    const body = el("div", { class: "body" }, el("p", { class: "whole" }, file.path), facts(file, detail));
    if (file.detail) {
      body.append(...[findings(file, detail), ...listings(file, detail), tensors(file, detail), names(file, detail),
        parts(detail), skipped(detail)].flat().filter(Boolean));
    } else {
      body.append(el("p", { class: "none" }, "Nothing was found. A page holds the details of the first inert files only; "
        + "`dryload inspect` shows them for any."));
    }
    return [head, body];
  }

  function facts(file, detail) {
    const rows = [["size", `${bytes(file.size)}${Number(file.size) < 1000 ? "" : ` (${count(file.size)} B)`}`],
      ["format", file.format || "none that is known"]];
    if (file.detail) {
      const share = Number(file.size) ? 100 * Number(detail.read) / Number(file.size) : 100;
      rows.push(["read", share >= 99.95 ? "all of it" : `${bytes(detail.read)} (${share < 0.1 ? "< 0.1" : share.toFixed(1)} %)`]);
      rows.push(["coverage", detail.complete ? "judged to the end" : "not judged to the end"]);
      if (detail.limits) rows.push(["limits hit", detail.limits.join(", ")]);
      if (detail.path_hex) rows.push(["bytes of the path", detail.path_hex]);
    }
    return el("dl", { class: "facts" }, rows.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, value))));
  }

  function findings(file, detail) {
    const found = detail.findings || [];
    if (!found.length) return [el("p", { class: "none" }, file.verdict === VERDICTS.indexOf("inert") ? "Nothing was found." : "No finding says why: the policy silences the reason.")];
    return [el("h3", {}, "Findings", el("small", {}, count(file.found))), ...found.map((each) => finding(file, detail, each)),
      hidden(detail.cut?.findings, "findings")];
  }

  function finding(file, detail, found) {
    const name = VERDICTS[found.verdict];
    const at = hex(found.span[0]);
    const listed = (detail.ops || []).some((list) => list.part === found.part && list.rows.some(([offset]) => offset === found.span[0]));
    const rows = [["at", el("span", {}, found.member ? `${found.member} @ ` : "",
      listed ? el("a", { href: address(file.index, found.part, found.span[0]) }, at) : at,
      found.file_span && found.file_span[0] !== found.span[0] ? ` (in the file ${hex(found.file_span[0])})` : ""), ""]];
    if (found.value) rows.push(["value", found.value, ""]);
    if (found.note) rows.push(["note", found.note, "prose"]);
    if (found.help) rows.push(["help", found.help, "prose"]);
    if (found.justification) rows.push(["reason", found.justification, "prose"]);
    const page = about.rules[found.rule];
    return el("article", { class: `card ${name}${found.suppressed ? " quiet" : ""}` },
      el("p", { class: "rule" }, el("b", {}, found.rule), el("span", { class: name }, name),
        found.suppressed ? el("span", {}, `suppressed${found.suppressed_by ? ` by ${found.suppressed_by}` : ""}, does not count`) : null,
        el("span", { class: "print", title: "fingerprint" }, found.fingerprint)),
      el("p", { class: "say" }, found.message),
      el("dl", {}, rows.flatMap(([key, value, kind]) => [el("dt", {}, key), el("dd", { class: kind || null }, value)])),
      page ? el("details", {}, el("summary", {}, "about this rule"), el("div", { class: "page" },
        page.split("\n").map((line) => el("p", {}, line.replace(/^- /, ""))))) : null);
  }

  function listings(file, detail) {
    return (detail.ops || []).flatMap((list) => {
      const member = (detail.parts || []).find((part) => part.index === list.part)?.member;
      const width = hex(list.rows[list.rows.length - 1][0]).length - 2;
      const gaps = new Set(list.gaps);
      const gap = () => el("tr", { class: "gap" }, el("td", { colspan: 4 }, "⋯ not shown"));
      const body = el("tbody", {});
      list.rows.forEach(([offset, code, name, text, kind], index) => {
        if (gaps.has(index)) body.append(gap());
        const label = list.labels[offset];
        const byte = code > 0x20 && code < 0x7f ? String.fromCharCode(code) : code.toString(16).padStart(2, "0");
        body.append(el("tr", { class: kind || null, "data-offset": offset },
          el("td", {}, el("a", { href: address(file.index, list.part, offset), tabindex: kind && kind !== "memo" ? null : "-1" },
            hex(offset).slice(2).padStart(Math.max(4, width), "0"))),
          el("td", {}, byte), el("td", {}, name),
          el("td", {}, text, label ? el("em", { class: text ? "apart" : null }, `◂ ${label}`) : "")));
      });
      if (gaps.has(list.rows.length)) body.append(gap());
      return [el("h3", {}, "Instructions", el("small", {}, [member, `${count(list.rows.length)} around the findings`].filter(Boolean).join(" · "))),
        el("div", { class: "ops", tabindex: "0", role: "region", "data-part": list.part,
          "aria-label": `instructions${member ? ` of ${member}` : ""}` }, el("table", {}, body)),
        el("p", { class: "legend" }, [["import", "import that is not allowed"], ["call", "call that is not allowed"], ["at", "other finding"]]
          .map(([kind, text]) => el("span", {}, el("i", { class: kind }), text)), el("span", {}, "dimmed: moves to and from the memo"))];
    });
  }

  function tensors(file, detail) {
    const map = detail.tensors;
    if (!map) return [];
    const more = hidden(map.total - map.rows.length, map.arrays ? "arrays" : "tensors; `dryload inspect --all` lists them");
    if (map.arrays) {
      return [el("h3", {}, "Arrays", el("small", {}, count(map.total))), grid("arrays", ["name", "dtype", "shape", "offset", "bytes"],
        map.rows.map(([name, dtype, dims, at, length]) => [null, [name, dtype, dims, at === null || at === undefined ? "compressed" : hex(at), count(length)]])), more];
    }
    const start = Number(map.data);
    const end = Math.max(Number(file.size), ...map.marks.map((mark) => Number(mark[2])));
    const bar = el("div", { class: "map", role: "img", "aria-label": `ranges of ${counted(map.total, "tensor")}` });
    const colours = new Map(map.dtypes.map(([dtype], index) => [dtype, `c${index % 6}`]));
    const piece = (kind, from, to, title) => {
      const made = el("span", { class: kind, title });
      made.style.left = `${100 * (Number(from) - start) / (end - start)}%`;
      made.style.width = `${100 * (Number(to) - Number(from)) / (end - start)}%`;
      bar.append(made);
    };
    for (const [name, dtype, dims, from, to] of map.rows) {
      if (Number(to) > Number(from)) piece(colours.get(dtype), from, to, `${name}  ${dtype} ${dims}  ${hex(from)}..${hex(to)}`);
    }
    if (map.rest) piece("more", map.rest[0], map.rest[1], "tensors beyond those listed");
    const SAY = { hole: "of no tensor", overlap: "shared by two tensors", beyond: "not in the file" };
    for (const [kind, from, to] of map.marks) piece(kind, from, to, `${SAY[kind]}, ${hex(from)}..${hex(to)}`);
    const rows = map.rows.map((each) => ["", each]).concat(map.marks.map(([kind, from, to]) => [kind, [SAY[kind], "", "", from, to]]));
    rows.sort(([, a], [, b]) => Number(a[3]) - Number(b[3]) || Number(a[4]) - Number(b[4]));
    const legend = el("p", { class: "legend" },
      map.dtypes.slice(0, 12).map(([dtype, number, length]) => el("span", {}, el("i", { class: colours.get(dtype) }), `${dtype} ${count(number)}, ${bytes(length)}`)),
      Object.keys(SAY).filter((kind) => map.marks.some((mark) => mark[0] === kind)).map((kind) => el("span", {}, el("i", { class: kind }), SAY[kind])));
    const picture = end > start ? [bar, el("p", { class: "ends" }, el("span", {}, hex(start)), el("span", {}, hex(end))), legend] : [];
    return [el("h3", {}, "Tensors", el("small", {}, `${count(map.total)}, header ${bytes(start)}`)), ...picture,
      grid("tensors", ["name", "dtype", "shape", "from", "to", "bytes"], rows.map(([kind, [name, dtype, dims, from, to]]) => [
        kind === "hole" ? "void" : kind ? "bad" : null, [name, dtype, dims, hex(from), hex(to), count(BigInt(to) - BigInt(from))]])), more];
  }

  /** Draws a table; a heading that is the name of a number aligns its column to the right. */
  function grid(label, heads, rows) {
    const kind = { bytes: "n", from: "mono nb", to: "mono nb", offset: "mono nb", name: "mono", call: "mono", size: "n", shape: "nb", times: "n" };
    return el("div", { class: "grid", tabindex: "0", role: "region", "aria-label": label }, el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col", class: kind[head] === "n" ? "n" : null }, head)))),
      el("tbody", {}, rows.map(([mark, cells]) => el("tr", { class: mark }, cells.map((cell, index) => el("td", { class: kind[heads[index]] || null }, cell)))))));
  }

  const STANDING = { deny: ["malicious", "denied"], unknown: ["unknown", "not listed"], allow: ["inert", "allowed"] };

  function names(file, detail) {
    const linked = new Set((detail.ops || []).flatMap((list) => list.rows.map(([offset]) => `${list.part} ${offset}`)));
    const rowsOf = (kind) => (detail.parts || []).flatMap((part) => (part[kind] || []).map(([text, offset, standing, times]) => [standing,
      [text, el("span", { class: STANDING[standing][0] }, STANDING[standing][1]), part.member || "–",
        linked.has(`${part.index} ${offset}`) ? el("a", { href: address(file.index, part.index, offset) }, hex(offset)) : hex(offset), count(times)]]));
    const worst = ["deny", "unknown", "allow"];
    const section = (kind, title, head) => {
      const rows = rowsOf(kind).sort(([a], [b]) => worst.indexOf(a) - worst.indexOf(b)).map(([, cells]) => [null, cells]);
      return rows.length ? [el("h3", {}, title, el("small", {}, count(rows.length))), grid(title.toLowerCase(), [head, "policy", "in", "offset", "times"], rows)] : [];
    };
    const more = (detail.parts || []).reduce((sum, part) => sum + (part.more || 0), 0);
    return [...section("imports", "Imports", "name"), ...section("calls", "Calls", "call"), hidden(more, "imports and calls")];
  }

  function parts(detail) {
    const list = detail.parts || [];
    if (list.length < 2 && !list.some((part) => part.member || part.dropped)) return [];
    const what = (part) => [part.protocol !== undefined && part.opcodes !== undefined ? `protocol ${part.protocol || 0}, ${counted(part.opcodes, "opcode")}` : null,
      part.tensors ? counted(part.tensors, "tensor") : null, part.dropped ? `${count(part.dropped)} seen beyond the limit` : null].filter(Boolean).join(", ");
    return [el("h3", {}, "Parts", el("small", {}, count(list.length + (detail.cut?.parts || 0)))),
      grid("parts", ["name", "format", "offset", "size", "what"], list.map((part) => [null,
        [part.member || "the file itself", part.format, part.offset === null || part.offset === undefined ? "unpacked" : hex(part.offset), count(part.size), what(part)]])),
      hidden(detail.cut?.parts, "parts")];
  }

  function skipped(detail) {
    if (!detail.skipped) return [];
    const sum = detail.skipped.reduce((total, each) => total + Number(each[2]), 0);
    return [el("h3", {}, "Not read on purpose", el("small", {}, `no loader interprets these bytes: ${bytes(sum)}`)),
      grid("not read on purpose", ["name", "why", "bytes"], detail.skipped.map(([member, why, length]) => [null, [member || "the file itself", why, count(length)]])),
      hidden(detail.cut?.skipped, "stretches")];
  }

  // --- keyboard, history, paper ----------------------------------------------------------------------------
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === $("search");
    const key = event.key;
    if (key === "Escape") {
      if (typing && $("search").value) { $("search").value = ""; words = []; toTop(); }
      else if (opened) close();
      else if ($("search").value) { $("search").value = ""; words = []; toTop(); }
      else event.target.blur?.();
    } else if (typing) {
      if (key !== "Enter" && key !== "ArrowDown") return;
      goTo(0, true);
    } else if (event.target === $("format")) return;
    else if (key === "/") { $("search").focus(); $("search").select(); }
    else if (key === "j" || key === "k") {
      goTo(here + (key === "j" ? 1 : -1), !opened || $("rows").contains(document.activeElement) || document.activeElement === document.body);
      if (opened && view[here]) open(view[here].index);
    } else if ((key === "ArrowDown" || key === "ArrowUp") && $("rows").contains(event.target)) goTo(here + (key === "ArrowDown" ? 1 : -1), true);
    else if (key === "Enter" && here >= 0 && document.activeElement === document.body) open(view[here].index);
    else return;
    event.preventDefault();
  }

  // More rows than that are no use on paper.
  const PRINTED = 2000;
  let waiting = false;
  drawHead();
  drawTools();
  drawHeads();
  choose();
  $("list").addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawRows(false); });
  }, { passive: true });
  addEventListener("resize", () => drawRows(false));
  addEventListener("keydown", pressed);
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  addEventListener("beforeprint", () => { all = true; drawRows(true); });
  addEventListener("afterprint", () => { all = false; drawRows(true); });
  if (location.hash) follow();
  else if (files.length === 1) location.replace(address(0));
})();
