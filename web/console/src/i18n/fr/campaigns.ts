export const campaigns = {
  title: '',
}
