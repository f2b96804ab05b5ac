// The pages work without this: it follows Airflow's theme, and explains the cycle that was clicked on in a chart.
(function () {
  "use strict";

  function followTheme() {
    var theme = null;
    try {
      theme = window.localStorage.getItem("theme");
    } catch (error) {
      // Where storage is denied, the system's theme stays.
    }
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    } else {
      delete document.documentElement.dataset.theme;
    }
  }

  function explainWhatIsClicked(figure) {
    var chart = figure.querySelector("svg.chart");
    var data = figure.dataset;
    figure.classList.add("clickable");
    // Where it is wider than the window, the newest is what is looked for.
    chart.parentNode.scrollLeft = chart.parentNode.scrollWidth;
    chart.addEventListener("click", function (event) {
      var box = chart.getBoundingClientRect();
      var x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
      var share = (x - Number(data.left)) / (Number(data.right) - Number(data.left));
      if (share < 0 || share >= 1) return;
      var from = Date.parse(data.from);
      var moment = new Date(from + share * (Date.parse(data.to) - from));
      var address = new URL(window.location.href);
      address.searchParams.set("at", moment.toISOString().slice(0, 16) + "Z");
      address.hash = "explained";
      window.location.assign(address);
    });
  }

  followTheme();
  window.addEventListener("storage", followTheme);
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("figure[data-from]").forEach(explainWhatIsClicked);
  });
})();
