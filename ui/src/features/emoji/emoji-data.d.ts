declare module "virtual:emoji-data" {
  const data: import("./pickerLines").EmojiData;
  export default data;
}
