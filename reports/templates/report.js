"use strict";
(function () {
  // Strings of the server are in here: they only ever become text nodes, never markup.
  var data = JSON.parse(document.getElementById("data").textContent);
  var root = document.documentElement;
  var rows = Array.prototype.slice.call(document.querySelectorAll(".row"));

  function element(name, className, text) {
    var made = document.createElement(name);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  // -- light and dark -------------------------------------------------------------------------------------------
  var theme = document.getElementById("theme");
  var themes = ["auto", "light", "dark"];
  function remembered() {
    try { return localStorage.getItem("gws-conformance-theme") || "auto"; } catch (error) { return "auto"; }
  }
  function setTheme(name) {
    if (name === "auto") { root.removeAttribute("data-theme"); } else { root.setAttribute("data-theme", name); }
    theme.textContent = "Theme: " + name;
    theme.value = name;
    try { localStorage.setItem("gws-conformance-theme", name); } catch (error) { return; }
  }
  var fromAddress = /[?&]theme=(light|dark)\b/.exec(location.search);
  setTheme(fromAddress ? fromAddress[1] : themes.indexOf(remembered()) < 0 ? "auto" : remembered());
  theme.hidden = false;
  theme.addEventListener("click", function () {
    setTheme(themes[(themes.indexOf(theme.value) + 1) % themes.length]);
  });

  // -- filters --------------------------------------------------------------------------------------------------
  var form = document.getElementById("filters");
  var shown = document.getElementById("shown");
  var none = document.getElementById("none");
  var chips = Array.prototype.slice.call(form.querySelectorAll(".chip"));
  var texts = new Array(rows.length);

  function textOf(place) {
    if (texts[place] === undefined) {
      var row = rows[place];
      var picture = data.pictures[row.id.slice(2)];
      // One's own text apart from the picture, which is drawn when the row is opened.
      texts[place] = (row.textContent + (picture ? JSON.stringify(picture) : "")).toLowerCase();
    }
    return texts[place];
  }
  function tokensOf(row) {
    return row.getAttribute("data-f").split(" ").filter(Boolean).map(function (token) {
      var letters = token.slice(-2);
      return { check: data.checks[+token.slice(0, -2)], verdict: data.letters[letters[0]], level: data.letters[letters[1]] };
    });
  }
  function apply() {
    var verdicts = chips.filter(function (chip) { return chip.getAttribute("aria-pressed") === "true"; })
      .map(function (chip) { return chip.value; });
    var area = form.elements.area.value, level = form.elements.level.value, check = form.elements.check.value;
    var words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row, place) {
      var fits = !area || row.getAttribute("data-a") === area;
      if (fits && (level || check)) {
        // With a check or a level chosen, the verdicts are those of such checks, not of the scenario.
        fits = tokensOf(row).some(function (item) {
          return (!check || item.check === check) && (!level || item.level === level) &&
            (!verdicts.length || verdicts.indexOf(item.verdict) >= 0);
        });
      } else if (fits && verdicts.length) {
        fits = verdicts.indexOf(row.getAttribute("data-v")) >= 0;
      }
      fits = fits && words.every(function (word) { return textOf(place).indexOf(word) >= 0; });
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = count + " of " + rows.length + " scenarios";
    none.hidden = count > 0;
  }
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") === "true" ? "false" : "true");
      apply();
    });
  });
  var waiting = 0;
  form.elements.text.addEventListener("input", function () {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  ["area", "level", "check"].forEach(function (name) { form.elements[name].addEventListener("change", apply); });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () {
    chips.forEach(function (chip) { chip.setAttribute("aria-pressed", "false"); });
    setTimeout(apply, 0);
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.text.focus();
    } else if (event.key === "Escape" && event.target === form.elements.text) {
      form.elements.text.value = "";
      apply();
    }
  });
  form.hidden = false;
  document.querySelectorAll("[data-pick]").forEach(function (button) {
    // A number in a table leads to the scenarios that it counts.
    button.addEventListener("click", function () {
      form.reset();
      var pick = JSON.parse(button.getAttribute("data-pick"));
      setTimeout(function () {
        chips.forEach(function (chip) { chip.setAttribute("aria-pressed", String(chip.value === pick.verdict)); });
        form.elements.area.value = pick.area || "";
        form.elements.check.value = pick.check || "";
        apply();
        document.getElementById("scenarios").scrollIntoView();
        form.elements.text.focus({ preventScroll: true });
      }, 0);
    });
  });

  // -- the picture ----------------------------------------------------------------------------------------------
  function place(lanes, lane) { return lanes < 2 ? 50 : 6 + 88 * lane / (lanes - 1); }

  function track(names, lane, way, label) {
    var made = element("div", "track");
    var last = names.length - 1;
    names.forEach(function (name, index) {
      var line = element("span", "lane");
      line.style.left = place(names.length, index) + "%";
      made.appendChild(line);
    });
    if (label === undefined) {
      names.forEach(function (name, index) {
        var title = element("span", "name" + (index === last ? " last" : index === 0 ? " first" : ""), name);
        title.style.left = index === last ? "98%" : index === 0 ? "2%" : place(names.length, index) + "%";
        made.appendChild(title);
      });
      return made;
    }
    var left = lane < 0 ? 6 : place(names.length, lane), right = place(names.length, last);
    if (way !== "note" && lane >= 0) {
      var arrow = element("span", "arrow " + (way === "out" ? "right" : "left"));
      arrow.style.left = left + "%";
      arrow.style.right = (100 - right) + "%";
      made.appendChild(arrow);
    }
    var text = element("span", "label");
    text.appendChild(element("span", "", label));
    text.style.left = left + "%";
    text.style.right = (100 - right) + "%";
    made.appendChild(text);
    return made;
  }

  function message(names, row) {
    var seq = row[0], way = row[2], body = row[5], about = row[7];
    var classes = way + (row[6] ? " bad" : "") + (about.length ? " evidence" : "");
    var made = element(body ? "details" : "div", body ? "msg " + classes : "msg-plain " + classes);
    var line = made;
    if (body) {
      line = element("summary");
      made.appendChild(line);
    }
    line.appendChild(element("span", "when", row[1].toFixed(3) + " s"));
    line.appendChild(track(names, row[3], way, row[4]));
    var where = element("span", "where", "#" + seq + " ");
    if (about.length) {
      where.appendChild(element("b", "", about.join(", ")));
      where.title = "evidence of " + about.join(", ");
    }
    line.appendChild(where);
    if (body) { made.appendChild(element("pre", "", body)); }
    return made;
  }

  function draw(holder, picture) {
    var names = picture.lanes, canvas = element("div", "canvas"), head = element("div", "lanes");
    head.appendChild(element("span", "when", "time"));
    head.appendChild(track(names));
    head.appendChild(element("span", "where", "timeline"));
    canvas.appendChild(head);
    picture.rows.forEach(function (row) {
      canvas.appendChild(row[2] === "step" ? element("div", "step-head", row[4]) : message(names, row));
    });
    var frame = element("div", "picture");
    frame.tabIndex = 0;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", "What was said, in order");
    frame.appendChild(canvas);
    holder.textContent = "";
    holder.appendChild(frame);
    var legend = "Solid: HTTP. Dashed: CometD events. Marked: evidence of a finding. Open a line to see its content.";
    if (picture.left) { legend += " " + picture.left + " lines are left out; the timeline has them."; }
    holder.appendChild(element("p", "legend", legend));
  }

  function checksOf(row) {
    var by = {};
    tokensOf(row).forEach(function (item) {
      (by[item.verdict] = by[item.verdict] || []).push(item.check);
    });
    return Object.keys(by).map(function (verdict) {
      var counted = {};
      by[verdict].forEach(function (name) { counted[name] = (counted[name] || 0) + 1; });
      return verdict + ": " + Object.keys(counted).map(function (name) {
        return counted[name] > 1 ? name + " (" + counted[name] + ")" : name;
      }).join(", ");
    }).join("; ");
  }

  function fill(row) {
    if (!row.open || row.getAttribute("data-done")) { return; }
    row.setAttribute("data-done", "1");
    var holder = row.querySelector(".draw"), picture = data.pictures[row.id.slice(2)];
    if (holder && picture) { draw(holder, picture); }
    var list = row.querySelector(".checks");
    if (list) { list.textContent = "Checks " + (checksOf(row) || "none"); }
  }
  rows.forEach(function (row) { row.addEventListener("toggle", function () { fill(row); }); });

  // -- copying --------------------------------------------------------------------------------------------------
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button.copy");
    if (!button) { return; }
    var source = button.parentNode.querySelector("pre");
    function done() { button.textContent = "Copied"; setTimeout(function () { button.textContent = "Copy"; }, 1500); }
    function select() {
      var range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(source.textContent).then(done, select);
    } else {
      select();
    }
  });

  // A link to one scenario opens it.
  function follow() {
    var row = /^#s-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (row) { row.hidden = false; row.open = true; fill(row); row.scrollIntoView(); }
  }
  window.addEventListener("hashchange", follow);
  apply();
  follow();
})();
