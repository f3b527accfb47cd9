/** Under which question a campaign is kept; what is heard of campaigns asks it again. */
export const campaignKey = (id: number) => ['campaigns', 'one', id]
