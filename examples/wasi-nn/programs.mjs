/** By program: the name of its model, and its arguments where nothing else is wanted. */
export const PROGRAMS = {
  read: { model: "reader", args: ["/data/picture.ppm", "/data/characters.txt"] },
  classify: { model: "classifier", args: ["/data/picture.ppm", "/data/labels.txt"] },
  speak: { model: "decoder", args: ["40", "0", "11", "407", "3", "250", "88"] },
};
