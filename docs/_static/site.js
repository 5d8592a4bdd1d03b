// Names that screen readers need, where the theme and the gallery leave them out.
document.addEventListener("DOMContentLoaded", () => {
  // The visible text of the button, with the keys, must be a part of its name.
  for (const button of document.querySelectorAll(".search-button__button")) {
    const words = button.textContent.split(/\s+/).filter(Boolean);
    button.setAttribute("aria-label", words.join(" "));
  }
  for (const link of document.querySelectorAll(".sphx-glr-thumbcontainer a")) {
    link.setAttribute("aria-label", link.textContent.trim());
  }
});
