/* Sorts tables of class "sortable" by their columns. Without this script the table is complete, in order of code. */
"use strict";

(function () {
  function valueOf(row, column, isText) {
    const raw = row.cells[column].dataset.value ?? "";
    if (isText) return raw.toLocaleLowerCase();
    return raw === "" ? null : Number(raw);
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null); // no data last, whichever way
    return typeof a === "string" ? a.localeCompare(b) : a - b;
  }

  function sort(table, column, descending, isText) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [valueOf(row, column, isText), row]);
    rows.sort(([a], [b]) => {
      const order = compare(a, b);
      return descending && a !== null && b !== null ? -order : order;
    });
    body.append(...rows.map(([, row]) => row));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const isText = head.dataset.kind === "text";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = `${table.dataset.sortBy} ${head.textContent}`;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const descending = head.ariaSort ? head.ariaSort !== "descending" : !isText;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending, isText);
      });
    });
  }
})();
