(() => {
  "use strict";
  const form = document.getElementById("filter");
  const body = document.querySelector("#all tbody");
  const count = document.getElementById("count");
  const rows = Array.from(body.rows);
  const order = new Map(rows.map((row, number) => [row, number]));
  const fields = ["q", "paper", "verdict", "evidence", "about"];
  const heads = Array.from(document.querySelectorAll("#all thead th"));
  let sorted = "";

  const value = (row, column) => row.cells[column].dataset.sort || row.cells[column].textContent.trim().toLowerCase();

  const sort = (key) => {
    sorted = key;
    const [, column, direction] = /^(\d)(-?)$/.exec(key) || [];
    heads.forEach((head, number) => {
      if (column !== undefined && Number(column) === number) head.setAttribute("aria-sort", direction ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const compared = (a, b) => {
      if (column === undefined || column === "0" && !direction) return order.get(a) - order.get(b);
      const found = column === "0" ? order.get(a) - order.get(b) : value(a, column).localeCompare(value(b, column), "en");
      return (direction ? -found : found) || order.get(a) - order.get(b);
    };
    body.append(...rows.slice().sort(compared));
  };

  const remember = () => {
    const state = new URLSearchParams();
    for (const name of fields) if (form.elements[name].value) state.set(name, form.elements[name].value);
    if (sorted) state.set("sort", sorted);
    const query = state.toString();
    try { history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash); } catch { /* a viewer that forbids it */ }
  };

  const filter = () => {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.where}`.toLowerCase();
      const fits = words.every((word) => text.includes(word)) &&
        fields.slice(1).every((name) => !form.elements[name].value || row.dataset[name] === form.elements[name].value);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length} entries`;
  };

  const open = () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { return; }
    const found = id && document.getElementById(id);
    if (!found) return;
    for (let at = found; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    (found.closest("details.card") || found).scrollIntoView();
  };

  heads.forEach((head, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort(sorted === `${number}` ? `${number}-` : `${number}`);
      remember();
    });
  });
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); remember(); });
  form.addEventListener("reset", () => setTimeout(() => { sort(""); filter(); remember(); }));

  const given = new URLSearchParams(location.search);
  for (const name of fields) if (given.get(name)) form.elements[name].value = given.get(name);
  if (/^[0-5]-?$/.test(given.get("sort") || "")) sort(given.get("sort"));
  filter();
  open();
  addEventListener("hashchange", open);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details.card:not([open])"));
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
