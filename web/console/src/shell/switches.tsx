import { chooseLanguage, useLanguage, useWords } from '../i18n/words'
import { OneOf } from '../ui/field'
import { chooseTheme, THEMES, useTheme } from './theme'

export function LanguageSwitch() {
  const words = useWords()
  const now = useLanguage()
  const { fr, en } = words.common.languages
  return (
    <OneOf
      label={words.common.language}
      value={now}
      options={[
        ['fr', fr],
        ['en', en],
      ]}
      onChange={chooseLanguage}
    />
  )
}

export function ThemeSwitch() {
  const words = useWords()
  return (
    <OneOf
      label={words.common.theme}
      value={useTheme()}
      options={THEMES.map((theme) => [theme, words.common.themes[theme]] as const)}
      onChange={chooseTheme}
    />
  )
}
