export const trends = {
  title: '',
}
