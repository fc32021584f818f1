// A picture of one line as PP-OCR's recogniser wants it.
import sharp from "sharp";

/**
 * A picture of one line of text as the model's input f32 [1, 3, height, width]: scaled to the height, at most to the width, the rest
 * is 0; channels in the order blue, green, red; values (v / 255 - 0.5) / 0.5.
 */
export async function readLine(file, [, , height, width]) {
  const { width: originalWidth, height: originalHeight } = await sharp(file).metadata();
  const lineWidth = Math.min(width, Math.ceil((height * originalWidth) / originalHeight));
  const { data, info } = await sharp(file)
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .resize(lineWidth, height, { fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const input = new Float32Array(3 * height * width);
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < lineWidth; ++x)
      for (let c = 0; c < 3; ++c) {
        const value = data[(y * lineWidth + x) * info.channels + (info.channels === 3 ? 2 - c : 0)];
        input[(c * height + y) * width + x] = (value / 255 - 0.5) / 0.5;
      }
  return input;
}
