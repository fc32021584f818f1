// node examples/ocr/make_picture.mjs: draws line.png, the picture of the demo, and page.png, the picture of the reader (with Debian's
// fonts-dejavu-core).
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const paper = '<defs><linearGradient id="paper" x2="1" y2="0.3"><stop offset="0" stop-color="#f4ecd8"/><stop offset="1" stop-color="#cfc4aa"/></linearGradient></defs>';

async function draw(name, width, height, body) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paper}<rect width="${width}" height="${height}" fill="url(#paper)"/><g fill="#2b2a33">${body}</g></svg>`;
  const picture = await sharp(Buffer.from(svg)).blur(0.6).png({ palette: true, colours: 64 }).toFile(fileURLToPath(new URL(name, import.meta.url)));
  console.log(`${name}: ${picture.width}x${picture.height}, ${picture.size} bytes`);
}

await draw("line.png", 640, 96, '<text x="320" y="61" text-anchor="middle" transform="rotate(-0.6 320 48)" font-family="DejaVu Serif" font-size="39">First light, 23 lines of text</text>');

// What tests/support/ocr.mjs expects.
await draw("page.png", 900, 640, `
  <text x="60" y="90" font-family="DejaVu Serif" font-size="46">The weaver's shop</text>
  <text x="60" y="160" font-family="DejaVu Sans" font-size="28">Opening hours: Monday to Friday, 9 to 17</text>
  <text x="60" y="250" transform="rotate(-6 60 250)" font-family="DejaVu Sans" font-size="32">Fresh threads every week</text>
  <text x="560" y="330" font-family="DejaVu Sans Mono" font-size="26">No. 4821</text>
  <text x="60" y="330" font-family="DejaVu Sans Mono" font-size="26">Price 12.50</text>
  <text x="0" y="0" transform="translate(760 400) rotate(180)" font-family="DejaVu Serif" font-size="34">This line is upside down</text>
  <text x="40" y="500" font-family="DejaVu Serif" font-size="22">A model compiled to WebAssembly reads this long line in your browser</text>
  <text x="60" y="580" transform="rotate(3 60 580)" font-family="DejaVu Sans" font-size="30">and nothing leaves the machine</text>`);
