Scalar.createApiReference("#reference", {
  url: "/v1/openapi.json",
  agent: { disabled: true },
  hideClientButton: true,
  proxyUrl: "",
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
});
