declare module "virtual:emoji-data" {
  const data: import("./components/emojiLines").EmojiData;
  export default data;
}
