// Tables of results are sorted by a click on the head of a column, or Enter on it.
const number = (text) => {
  const found = text.replace("−", "-").match(/^\s*[-+]?\d*\.?\d+/);
  return found ? parseFloat(found[0]) : null;
};

const sortBy = (table, column, descending) => {
  const body = table.tBodies[0];
  const key = (row) => row.cells[column].textContent.trim();
  const compare = (a, b) => {
    const [x, y] = [number(key(a)), number(key(b))];
    if (x !== null && y !== null) return descending ? y - x : x - y;
    if (x !== null || y !== null) return x === null ? 1 : -1; // empty cells last
    return (descending ? -1 : 1) * key(a).localeCompare(key(b));
  };
  body.append(...[...body.rows].sort(compare));
};

// A long name in a cell breaks between its words, and not within one.
const mayBreak = (code) => {
  code.innerHTML = code.innerHTML.replace(/([a-z0-9])(?=[A-Z])|([._(])(?=\w)/g, "$&<wbr>");
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("td code .pre").forEach(mayBreak);
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.tabIndex = 0;
      head.title = "Sort by this column";
      const sort = () => {
        const descending = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sortBy(table, column, descending);
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => {
        if (event.key === "Enter") sort();
      });
    });
  }
});

// Name the column in each cell of a table of text, for narrow screens.
document.addEventListener("DOMContentLoaded", () => {
  const tables = "article table.table:not(.results):not(.autosummary)";
  for (const table of document.querySelectorAll(tables)) {
    const names = [...table.querySelectorAll("thead th")].map((th) => th.textContent.trim());
    if (!names.length) continue;
    table.classList.add("stacked");
    for (const row of table.tBodies[0].rows)
      [...row.cells].forEach((cell, k) => (cell.dataset.column = names[k] || ""));
  }
});
