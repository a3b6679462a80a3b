// Loads the page again when something else serves.
(() => {
  "use strict";
  const bar = document.getElementById("yunlong-dev");
  if (!bar) return;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const look = async () => {
    for (;;) {
      try {
        const answer = await fetch(`/_city/dev/changed?known=${bar.dataset.number}`, { cache: "no-store" });
        if (answer.status === 200) {
          // A form's answer is not asked for again: that would send the form twice.
          if (bar.dataset.again === "yes") location.reload();
          else bar.querySelector("[data-changed]").hidden = false;
          return;
        }
        if (answer.status !== 204) await pause(1000);
      } catch {
        await pause(1000);
      }
    }
  };
  look();
})();
