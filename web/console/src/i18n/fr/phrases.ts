export const phrases = {
  title: '',
}
