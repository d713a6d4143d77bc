// The page of the API: Swagger UI on our own document, in the colours of the person.
const page = document.getElementById("api-docs");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Swagger UI has its own dark colours, by a class of its own. */
function colour() {
  const theme = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", theme === "dark" || (theme !== "light" && dark.matches));
}

colour();
dark.addEventListener("change", colour);

window.SwaggerUIBundle({
  url: page.dataset.schema,
  domNode: page,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelRendering: "example",
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // it would ask another host
  requestInterceptor: (request) => {
    // A session is believed only with the page's token; a key needs none.
    if (!request.headers.Authorization) request.headers["X-CSRFToken"] = document.body.dataset.csrf;
    return request;
  },
});
