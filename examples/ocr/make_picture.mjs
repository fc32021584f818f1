// node examples/ocr/make_picture.mjs: draws line.png, the picture of the demo (with Debian's fonts-dejavu-core).
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const TEXT = "First light, 23 lines of text";
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="96">
  <defs><linearGradient id="paper" x2="1" y2="0.3"><stop offset="0" stop-color="#f4ecd8"/><stop offset="1" stop-color="#cfc4aa"/></linearGradient></defs>
  <rect width="640" height="96" fill="url(#paper)"/>
  <text x="320" y="61" text-anchor="middle" transform="rotate(-0.6 320 48)" font-family="DejaVu Serif" font-size="39" fill="#2b2a33">${TEXT}</text>
</svg>`;
const picture = await sharp(Buffer.from(svg)).blur(0.6).png({ palette: true, colours: 64 }).toFile(fileURLToPath(new URL("line.png", import.meta.url)));
console.log(`line.png: ${picture.width}x${picture.height}, ${picture.size} bytes`);
