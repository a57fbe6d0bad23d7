import { createTheme } from "@mantine/core";

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, "Segoe UI", sans-serif',
  headings: { fontFamily: '"Inter Variable", system-ui, "Segoe UI", sans-serif' },
  primaryColor: "cord",
  primaryShade: 8,
  respectReducedMotion: true,
  defaultRadius: "sm",
  components: {
    // Its drawing says nothing to those who do not see it.
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
  },
  colors: {
    dark: [
      "#e8eef3",
      "#c9d3dc",
      "#a6b5c2",
      "#8595a3",
      "#34424f",
      "#26323d",
      "#1b2630",
      "#141c24",
      "#0f161d",
      "#0a0f14",
    ],
    cord: [
      "#eaf6f8",
      "#d6eaee",
      "#aad4dc",
      "#7abdca",
      "#54aaba",
      "#3d9eb0",
      "#2f98ac",
      "#1f8497",
      "#0f7587",
      "#006576",
    ],
  },
});
