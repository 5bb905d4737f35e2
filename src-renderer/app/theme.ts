import { Button, type CSSVariablesResolver, createTheme, type MantineColorsTuple, Modal, Tooltip } from '@mantine/core';

/** The accent: sea water over a steel hull. 6 carries white text in the dark, 7 in the light (both above 4.5:1). */
const sea: MantineColorsTuple = [
  '#e6f6fb',
  '#cdebf5',
  '#9bd6ea',
  '#67c1de',
  '#41b0d3',
  '#2aa0c6',
  '#0e7fa5',
  '#0b6e8f',
  '#085a76',
  '#05465d',
];

const steel: MantineColorsTuple = [
  '#f7fafb',
  '#eef3f6',
  '#e1e8ed',
  '#d0dae1',
  '#b6c4ce',
  '#8a9dab',
  '#586c7a',
  '#465a68',
  '#314350',
  '#1b2a35',
];

const night: MantineColorsTuple = [
  '#e2eaf0',
  '#c5d2db',
  '#97abb9',
  '#6f8696',
  '#2c4050',
  '#233543',
  '#1a2935',
  '#121e28',
  '#0d1720',
  '#08111a',
];

export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: { light: 7, dark: 6 },
  colors: { sea, gray: steel, dark: night },
  black: '#12212c',
  fontFamily: "system-ui, -apple-system, 'Cantarell', 'Ubuntu', 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'JetBrains Mono', 'Ubuntu Mono', 'DejaVu Sans Mono', monospace",
  defaultRadius: 'md',
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '18px' },
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '24px', lineHeight: '1.25' }, h2: { fontSize: '15px', lineHeight: '1.35' } },
  },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' }, styles: { label: { fontWeight: 600 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 400, withArrow: true } }),
    Modal: Modal.extend({ defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5, blur: 2 } } }),
  },
});

/** Error texts as in styles/global.css: Mantine's own red is too faint for small letters. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-error': '#b42318' },
  dark: { '--mantine-color-error': '#ff8f85' },
});
