declare module "virtual:emoji-data" {
  const data: import("./emojiLines").EmojiData;
  export default data;
}
