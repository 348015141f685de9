"use strict";
// Sorting and filtering: the page says the same without them.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
      const numeric = head.classList.contains("n");
      const rows = [...table.tBodies[0].rows].sort((a, b) =>
        numeric ? value(a) - value(b) : value(a).localeCompare(value(b)));
      if (!up) rows.reverse();
      table.tBodies[0].append(...rows);
    });
  });
}
for (const field of document.querySelectorAll("input[data-filter]")) {
  const items = [...document.querySelectorAll(field.dataset.filter)];
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const item of items) item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
  });
}
