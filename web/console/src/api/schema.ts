// Made from the OpenAPI document by console/api.mjs: do not edit, make it anew.

export interface paths {
  "/api/v1/audit": {
    /** Who changed what, and who read what is private; the latest first */
    get: {
      parameters: {
        query?: {
          actor?: string | null
          action?: string | null
          kind?: string | null
          row_id?: string | null
          since?: string | null
          until?: string | null
          /** a local day */
          from?: string | null
          /** a local day, whole */
          to?: string | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_AuditOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/logout": {
    /** End this sign-in */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['RefreshIn']
      } }
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/logout-everywhere": {
    /** End all of my sign-ins */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/me": {
    /** Who I am, and where I may sign in */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['MeOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/password": {
    /** Change my password; ends my other sign-ins */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['PasswordChange']
      } }
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/refresh": {
    /** Swap a refresh token for a new pair */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['RefreshIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TokenOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/auth/token": {
    /** Log in (OAuth2 password form) */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/x-www-form-urlencoded": components['schemas']['Body_log_in_api_v1_auth_token_post']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TokenOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns": {
    /** Campaigns, the newest first */
    get: {
      parameters: {
        query?: {
          status?: components['schemas']['CampaignStatus'] | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_CampaignSummary_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Draft a campaign */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['CampaignIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/audience": {
    /** Whom a filter means, counted by language */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['CampaignFilter']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['AudienceOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/file": {
    /** What a file of contacts would lead to, every refused line among it; nothing is stored */
    post: {
      parameters: {
        query?: {
          /** `field:place`, such as patient_id:0; `value.time:3` is what stands for {time} in the texts. Left out: as the headings say */
          column?: string[] | null
          /** false: the first line is data; goes with `column` */
          header?: boolean
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string
        "multipart/form-data": {
          file?: string
        }
        "text/csv": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FileCheck']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/preview": {
    /** A dry run: who would get what, when, and who not and why */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['CampaignIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignPreview']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/texts": {
    /** What texts cost as SMS, while they are being written */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['TextsIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TextCost'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}": {
    /** A campaign and its progress */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Change a draft, or the name and rate of a started one */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['CampaignChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/cancel": {
    /** Cancel what has not left */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/file": {
    /** Store a file's new contacts, and add all its contacts to a draft's list */
    post: {
      parameters: {
        query?: {
          /** `field:place`, such as patient_id:0; `value.time:3` is what stands for {time} in the texts. Left out: as the headings say */
          column?: string[] | null
          /** false: the first line is data; goes with `column` */
          header?: boolean
        }
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string
        "multipart/form-data": {
          file?: string
        }
        "text/csv": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FileReport']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/pause": {
    /** Let nothing more leave */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/preview": {
    /** A dry run of a stored campaign's rest */
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignPreview']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/recipients": {
    /** Recipients: their reminder, or why there is none */
    get: {
      parameters: {
        query?: {
          reason?: components['schemas']['Exclusion'] | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_RecipientOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add to a draft's explicit list (CSV, XLSX, NDJSON or JSON) */
    post: {
      parameters: {
        query?: {
          /** every refused line, not the first 1,000 */
          whole_report?: boolean
          /** `field:place`, such as patient_id:0; `value.time:3` is what stands for {time} in the texts. Left out: as the headings say */
          column?: string[] | null
          /** false: the first line is data; goes with `column` */
          header?: boolean
        }
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": {
          patient_ids: string[]
        }
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string
        "application/x-ndjson": string
        "multipart/form-data": {
          file?: string
        }
        "text/csv": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ListReport']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/resume": {
    /** Go on, at the pace, from now */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/campaigns/{campaign_id}/start": {
    /** Fix who gets it, and let it run */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          campaign_id: number
        }
        cookie?: never
      }
      requestBody?: { content: {
        "application/json": components['schemas']['StartIn'] | null
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CampaignOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/console/establishment": {
    /** Work for another establishment */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['EstablishmentChoice']
      } }
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/console/me": {
    /** Who I am, where I work and where else I may */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ConsoleMe']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/console/session": {
    /** Log in (form) */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/x-www-form-urlencoded": components['schemas']['Body_log_in_api_v1_console_session_post']
      } }
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Log out */
    delete: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/console/session/refresh": {
    /** Go on with the session */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/console/sessions": {
    /** Log out everywhere */
    delete: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/contacts": {
    /** Contacts by phone, e-mail, reference or the beginning of a name */
    get: {
      parameters: {
        query?: {
          patient_id?: string | null
          phone?: string | null
          email?: string | null
          name?: string | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_ContactOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add a contact */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['ContactIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ContactOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/contacts/import": {
    /** Import contacts from CSV or XLSX (as the body, or one file in multipart/form-data) */
    post: {
      parameters: {
        query?: {
          strict?: boolean
          /** every refused line, not the first 1,000 */
          whole_report?: boolean
          /** `field:place`, such as patient_id:0; left out: as the headings say */
          column?: string[] | null
          /** false: the first line is data; goes with `column` */
          header?: boolean
        }
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string
        "multipart/form-data": {
          file?: string
        }
        "text/csv": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ImportReport']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/contacts/import/columns": {
    /** The columns of a file, and what each would be taken for; nothing is stored */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string
        "multipart/form-data": {
          file?: string
        }
        "text/csv": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FileColumn'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/contacts/{contact_id}": {
    /** A contact */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          contact_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ContactOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Change a contact; If-Match refuses a stale change */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          contact_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['ContactChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ContactOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/conversations": {
    /** Conversations, those that began last first */
    get: {
      parameters: {
        query?: {
          channel?: components['schemas']['ConversationChannel'] | null
          flow?: string | null
          open?: boolean | null
          patient_id?: string | null
          reminder_id?: number | null
          feedback_id?: number | null
          since?: string | null
          until?: string | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_ConversationSummary_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/conversations/{conversation_id}": {
    /** What was said, in order; the reading is audited */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          conversation_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ConversationDetail']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/deliveries": {
    /** Deliveries by the time that they are meant for, the latest first */
    get: {
      parameters: {
        query?: {
          /** any of these */
          status?: components['schemas']['DeliveryStatus'][] | null
          channel?: components['schemas']['Channel'] | null
          since?: string | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_DeliverySummary_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/deliveries/summary": {
    /** Counts by state and channel, what is unknown and why, the lag */
    get: {
      parameters: {
        query?: {
          since?: string | null
          until?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DeliveryOverview']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/departments": {
    /** Departments by name; those closed are shown to staff only */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DepartmentOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add a department */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['DepartmentIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DepartmentOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/departments/{department_id}": {
    /** Rename a department, close it or open it again */
    patch: {
      parameters: {
        query?: never
        header?: never
        path: {
          department_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['DepartmentChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DepartmentOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/departments/{department_id}/qr.png": {
    /** The same as a picture */
    get: {
      parameters: {
        query?: {
          /** french or english; left out: the establishment's */
          language?: string | null
        }
        header?: never
        path: {
          department_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/departments/{department_id}/qr.svg": {
    /** A poster with its QR code (A4) */
    get: {
      parameters: {
        query?: {
          /** french or english; left out: the establishment's */
          language?: string | null
        }
        header?: never
        path: {
          department_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/devices": {
    /** Devices, the newest first */
    get: {
      parameters: {
        query?: {
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_DeviceOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Name a device; its one-time code is good for 15 minutes */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['DeviceIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DeviceCodeOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/devices/enrol": {
    /** Swap a code for the device's token */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['EnrolIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DeviceTokenOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/devices/{device_id}/revoke": {
    /** End a device's token */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          device_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DeviceOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/feedback": {
    /** Submit a feedback to a named establishment */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          slug: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['FeedbackIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FeedbackOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/sync": {
    /** What changed for a device of a named establishment */
    get: {
      parameters: {
        query?: {
          /** of the last answer; without it, everything */
          cursor?: string | null
        }
        header?: {
          "If-None-Match"?: string | null
        }
        path: {
          slug: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DownOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Upload what was captured offline to a named establishment */
    post: {
      parameters: {
        query?: never
        header?: {
          prefer?: string | null
          "Idempotency-Key"?: string | null
        }
        path: {
          slug: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SyncIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SyncOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/sync/answers": {
    /** The same, of a named establishment */
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          slug: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['AnswersIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['AnswersOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/sync/prompts/{recording_id}": {
    /** The same, of a named establishment */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          slug: string
          recording_id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/uploads": {
    /** Begin an upload */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": unknown
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** What this tus server can do */
    options: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/e/{slug}/uploads/{token}": {
    /** Give it up */
    delete: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** How much of an upload is here */
    head: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": unknown
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Go on with it */
    patch: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/establishment": {
    /** The establishment's settings */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['EstablishmentOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Change settings; If-Match refuses a stale change */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['EstablishmentChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['EstablishmentOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/establishment/holidays": {
    /** The days on which nothing goes out */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['HolidayOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add a holiday */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['HolidayIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['HolidayOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/establishment/holidays/{holiday_id}": {
    /** Take a holiday out */
    delete: {
      parameters: {
        query?: never
        header?: never
        path: {
          holiday_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/events": {
    /** Hints of what has changed (text/event-stream) */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "text/event-stream": string
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback": {
    /** Feedback, the newest first */
    get: {
      parameters: {
        query?: {
          cursor?: string | null
          limit?: number
          department?: string | null
          language?: string | null
          rating?: number[] | null
          channel?: components['schemas']['FeedbackChannel'] | null
          state?: components['schemas']['FeedbackState'] | null
          patient_id?: string | null
          /** me, nobody, or a user's id */
          assigned?: string | null
          has_voice?: boolean | null
          since?: string | null
          until?: string | null
          /** a local day */
          from?: string | null
          /** a local day, whole */
          to?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_FeedbackDetail_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Submit a feedback */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['FeedbackIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FeedbackOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/export.csv": {
    /** Feedback as a file for spreadsheets */
    get: {
      parameters: {
        query?: {
          /** with references, words and notes; administrators only */
          personal?: boolean
          /** of the header; `fr` separates by semicolons */
          locale?: "fr" | "en"
          department?: string | null
          language?: string | null
          rating?: number[] | null
          channel?: components['schemas']['FeedbackChannel'] | null
          state?: components['schemas']['FeedbackState'] | null
          patient_id?: string | null
          /** me, nobody, or a user's id */
          assigned?: string | null
          has_voice?: boolean | null
          since?: string | null
          until?: string | null
          /** a local day */
          from?: string | null
          /** a local day, whole */
          to?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/{feedback_id}": {
    /** One feedback, whole, with what was answered */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FeedbackWhole']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Give it to somebody, note, say where staff stand with it */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['FeedbackChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FeedbackWhole']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/{feedback_id}/answer": {
    /** Answer the patient, by their channel */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
          "If-Match"?: string | null
        }
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['AnswerIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['AnswerOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/{feedback_id}/history": {
    /** What happened to it, step by step */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['HistoryItem'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/{feedback_id}/recording": {
    /** The recording for a browser's player (whole, or a Range of it) */
    get: {
      parameters: {
        query?: never
        header?: {
          Range?: string | null
        }
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/feedback/{feedback_id}/voice": {
    /** The recording as it came */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          feedback_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/links": {
    /** Links, the newest first */
    get: {
      parameters: {
        query?: {
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_LinkOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Make a link for a QR code; its token is shown this once */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['LinkIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['LinkMade']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/links/{link_id}/revoke": {
    /** End a link's token */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          link_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['LinkOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/members": {
    /** Who works here: to assign to, and to name who did what */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['MemberOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases": {
    /** All that is said to patients, in every language, and what is covered */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['PhraseBook']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/coverage": {
    /** Which flows are covered, and on, in which language */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CoverageOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/export.csv": {
    /** Every phrase as a table */
    get: {
      parameters: {
        query?: {
          language?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/export.po": {
    /** Every phrase as a translators' file */
    get: {
      parameters: {
        query: {
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/flows/{flow}/{language}": {
    /** A flow in a language, phrase by phrase */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          flow: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['FlowOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Have a flow said in a language, or no longer */
    put: {
      parameters: {
        query?: never
        header?: never
        path: {
          flow: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SwitchIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CoverageOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/flows/{flow}/{language}/call": {
    /** A call as a table, to be heard as a caller would */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          flow: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['CallOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/import": {
    /** Take in a file of phrases, whole or not at all; somebody else approves them */
    post: {
      parameters: {
        query?: {
          language?: string | null
        }
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "text/csv": string
        "text/x-gettext-translation": string
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['PhraseImport']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/pending": {
    /** What waits for a second person, and what was sent back */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['PendingPhrase'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}": {
    /** Write a phrase in the establishment's own words */
    put: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['PhraseIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['WordsOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Take the establishment's words back */
    delete: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}/approve": {
    /** Approve what somebody else has written */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['WordsOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}/code": {
    /** A code with which somebody speaks a phrase in by phone, once */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['PhraseCodeOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}/preview": {
    /** What words would look like and cost by SMS; nothing kept */
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['PhraseIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['PhrasePreview']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}/recording": {
    /** Hear a phrase's recording */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Let a recording speak a phrase */
    put: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['PhraseRecordingIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['WordsOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/phrases/{key}/{language}/reject": {
    /** Send back what somebody else has written */
    post: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          key: string
          /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
          language: string
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['RejectionIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['WordsOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders": {
    /** Reminders, the newest first */
    get: {
      parameters: {
        query?: {
          status?: components['schemas']['ReminderStatus'] | null
          patient_id?: string | null
          since?: string | null
          until?: string | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_ReminderSummary_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Schedule a reminder */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['ReminderIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders/preview": {
    /** What would happen, without storing anything */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['ReminderIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderPlan']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders/{reminder_id}": {
    /** A reminder with its deliveries and their events */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          reminder_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderDetail']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Change what has not gone out */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          reminder_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['ReminderChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders/{reminder_id}/cancel": {
    /** Cancel what has not left */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          reminder_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders/{reminder_id}/skip": {
    /** Leave out one occurrence; the others go out */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          reminder_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['Occurrence']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderTimes']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/reminders/{reminder_id}/unskip": {
    /** Have a skipped occurrence go out after all */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path: {
          reminder_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['KnownOccurrence']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['ReminderTimes']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/senders": {
    /** What the establishment sends from, and what a provider shut out */
    get: {
      parameters: {
        query?: {
          /** also those that were given up */
          retired?: boolean
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add a sender */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SenderIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/senders/choices": {
    /** Providers, their credentials, and operators to choose from */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderChoicesOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/senders/order": {
    /** Put the senders of a channel into the order of the choice */
    put: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SenderOrder']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/senders/{sender_id}": {
    /** One sender, retired or not */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          sender_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Delete a sender that was never used, retire any other; If-Match */
    delete: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          sender_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderGone']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Change a sender, lift its suspension, take it out of use or into it; If-Match */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          sender_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SenderChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SenderOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/statistics": {
    /** Ratings, volume, answer times, what became of messages, lag */
    get: {
      parameters: {
        query?: {
          department?: string | null
          /** a local day */
          from?: string | null
          /** a local day, whole */
          to?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Statistics']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/statistics/report.pdf": {
    /** A report of the period for a board */
    get: {
      parameters: {
        query?: {
          locale?: "fr" | "en"
          department?: string | null
          /** a local day */
          from?: string | null
          /** a local day, whole */
          to?: string | null
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/sync": {
    /** What changed for a device */
    get: {
      parameters: {
        query?: {
          /** of the last answer; without it, everything */
          cursor?: string | null
        }
        header?: {
          "If-None-Match"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['DownOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Upload what was captured offline */
    post: {
      parameters: {
        query?: never
        header?: {
          prefer?: string | null
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['SyncIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['SyncOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/sync/answers": {
    /** Which of these feedbacks the hospital has answered, and how */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['AnswersIn']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['AnswersOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/sync/prompts/{recording_id}": {
    /** A phrase of the app, spoken */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          recording_id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/tasks": {
    /** Tasks, the newest first */
    get: {
      parameters: {
        query?: {
          kind?: string | null
          state?: components['schemas']['TaskState'] | null
          assigned_to?: number | null
          /** instead of `assigned_to` */
          assigned?: "me" | "nobody" | null
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_TaskSummary_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/tasks/{task_id}": {
    /** A task with its note */
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          task_id: number
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TaskOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Take a task, give it to somebody, note, close it */
    patch: {
      parameters: {
        query?: never
        header?: {
          "If-Match"?: string | null
        }
        path: {
          task_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['TaskChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TaskOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/templates": {
    /** Templates with their texts per language and what is to be filled in */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['TemplateOut'][]
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/today": {
    /** What goes out, what did not arrive, what waits, and how things are */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Today']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/uploads": {
    /** Begin an upload */
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": unknown
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** What this tus server can do */
    options: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/uploads/{token}": {
    /** Give it up */
    delete: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** How much of an upload is here */
    head: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": unknown
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Go on with it */
    patch: {
      parameters: {
        query?: never
        header?: never
        path: {
          /** from the upload's address */
          token: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: { headers: Record<string, unknown>; content?: never }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/users": {
    /** Members of staff */
    get: {
      parameters: {
        query?: {
          cursor?: string | null
          limit?: number
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['Page_UserOut_']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
    /** Add a member of staff */
    post: {
      parameters: {
        query?: never
        header?: {
          "Idempotency-Key"?: string | null
        }
        path?: never
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['UserIn']
      } }
      responses: {
        201: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['UserOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/api/v1/users/{user_id}": {
    /** Change a member's role, or end or restore their access */
    patch: {
      parameters: {
        query?: never
        header?: never
        path: {
          user_id: number
        }
        cookie?: never
      }
      requestBody: { content: {
        "application/json": components['schemas']['UserChange']
      } }
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": components['schemas']['UserOut']
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/health/live": {
    /** The process runs */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": Record<string, string>
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/health/ready": {
    /** The process can accept; `degraded` says what is not well */
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "application/json": unknown
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
  "/metrics": {
    /** Prometheus metrics */
    get: {
      parameters: {
        query?: never
        header?: {
          authorization?: string
        }
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: { headers: Record<string, unknown>; content: {
          "text/plain": string
        } }
        "4XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
        "5XX": { headers: Record<string, unknown>; content: {
          "application/problem+json": Problem
        } }
      }
    }
  }
}

export interface components {
  schemas: {
    AnswerIn: {
      /** in order of fallback; left out: WhatsApp while a conversation there allows it, then SMS, then e-mail */
      channels?: components['schemas']['Channel'][] | null
      /** identity of this answer, made by the client, for ever */
      client_id?: string | null
      text: string
    }
    AnswerOut: {
      channels: components['schemas']['Channel'][]
      created_at: string
      created_by: string
      /** how far its last delivery is; null while it waits for the patient's device */
      delivery: string | null
      id: number
      language: string
      reminder_id: number
      /** of the reminder that takes it to the patient */
      status: string
      text: string
    }
    AnswerTimes: {
      answered: number
      median_seconds: number | null
      p90_seconds: number | null
    }
    AnsweredFeedback: {
      answered_at: string
      client_id: string
      /** of the last answer; never to a device that many hands hold */
      text?: string | null
    }
    AnsweringMachines: "message" | "nothing"
    AnswersIn: {
      client_ids: string[]
    }
    AnswersOut: {
      answers: components['schemas']['AnsweredFeedback'][]
    }
    AskOneWay: "refuse" | "drop"
    AudienceOut: {
      contacts: number
      languages: components['schemas']['LanguageShare'][]
    }
    AuditOut: {
      action: string
      /** user:7, device:3, cli, anonymous, patient or phone */
      actor: string
      after: unknown | null
      at: string
      before: unknown | null
      kind: string
      row_id: string
    }
    Body_log_in_api_v1_auth_token_post: {
      client_id?: string | null
      client_secret?: string | null
      establishment?: string | null
      grant_type?: string | null
      password: string
      scope?: string
      username: string
    }
    Body_log_in_api_v1_console_session_post: {
      client_id?: string | null
      client_secret?: string | null
      establishment?: string | null
      grant_type?: string | null
      password: string
      scope?: string
      username: string
    }
    CallBeginning: {
      /** incoming, called_back, reminder, machine or staff */
      name: string
      step: number
    }
    CallOut: {
      beginnings: components['schemas']['CallBeginning'][]
      flow: string
      language: string
      steps: components['schemas']['CallStep'][]
    }
    CallStep: {
      choices: components['schemas']['ChoiceOut'][]
      said: components['schemas']['SaidOut'][]
      step: string
    }
    CampaignChange: {
      channels?: components['schemas']['Channel'][] | null
      filter?: components['schemas']['CampaignFilter'] | null
      name?: string | null
      parameters?: Record<string, string>
      rate_per_minute?: number | null
      scheduled_time?: string | null
      template?: string | null
      texts?: Record<string, string> | null
      valid_for?: string | null
    }
    CampaignFilter: {
      created_before?: string | null
      created_since?: string | null
      has_email?: boolean | null
      has_phone?: boolean | null
      kind?: ("patient" | "staff" | "student")[] | null
      language?: string[] | null
    }
    CampaignIn: {
      channels?: components['schemas']['Channel'][] | null
      filter?: components['schemas']['CampaignFilter'] | null
      name: string
      /** of the template; one may be a place itself, such as {time} */
      parameters?: Record<string, string>
      /** an explicit list of references */
      patient_ids?: string[] | null
      /** messages a minute */
      rate_per_minute?: number
      /** when the first goes out; null: when it is started. Without an offset: the establishment's local time */
      scheduled_time?: string | null
      /** instead of `texts` */
      template?: string | null
      texts?: Record<string, string> | null
      /** ISO 8601 duration (P1D) or seconds; nothing goes out later than that */
      valid_for?: string
      /** what each recipient of the list has of their own, such as time: `{time}` in the texts. Each line of the list must have all of them */
      value_names?: string[]
    }
    CampaignOut: {
      /** after a pause or cancel: messages that had already left */
      already_with_carrier?: number | null
      /** something of it may still go out; also of one that is done, while another channel may follow a message that nothing is heard of */
      can_be_cancelled: boolean
      channels: components['schemas']['Channel'][] | null
      created_at: string
      created_by: string
      ended_at: string | null
      filter: components['schemas']['CampaignFilter'] | null
      id: number
      name: string
      progress: components['schemas']['Progress']
      rate_per_minute: number
      /** when it was created with `patient_ids` */
      refused_list?: components['schemas']['ListReport'] | null
      scheduled_time: string | null
      started_at: string | null
      status: components['schemas']['CampaignStatus']
      template: string | null
      texts: Record<string, string>
      total: number
      updated_at: string
      /** seconds */
      valid_for: number
      valid_until: string | null
      /** what each recipient has of their own */
      value_names: string[]
      version: number
    }
    CampaignPreview: {
      /** by which each would be tried first */
      channels: Record<string, number>
      /** in the set, those excluded among them */
      contacts: number
      /** recipients whose address has had its messages for today already */
      daily_cap_reached: number
      /** stands for what was shown: name it at the start, and nothing else is started */
      dry_run: string
      /** SMS by encoding: GSM-7, UCS-2 */
      encodings: Record<string, number>
      /** the first few messages that are not the same for everybody */
      examples: components['schemas']['MessageExample'][]
      excluded: Record<string, number>
      languages: components['schemas']['LanguageCount'][]
      pace: components['schemas']['PaceOut']
      /** who would get a message in time */
      recipients: number
      /** what became of `patient_ids` */
      refused_list?: components['schemas']['ListReport'] | null
      /** SMS by how many segments each takes */
      segments: Record<string, number>
      /** what the SMS cost, in segments */
      segments_total: number
      /** what contacts with one phone or e-mail address get: one message where all get the same text, one for each of them where the text has their name or reference in it */
      shared_address: "one_message" | "one_for_each"
    }
    CampaignStatus: "draft" | "running" | "paused" | "done" | "cancelled"
    CampaignSummary: {
      created_at: string
      ended_at: string | null
      id: number
      name: string
      scheduled_time: string | null
      started_at: string | null
      status: components['schemas']['CampaignStatus']
      total: number
    }
    Channel: "sms" | "voice" | "email" | "whatsapp"
    CheckedLine: {
      cells: string[]
      code: string
      field: string | null
      line: number
      reason: string
    }
    ChoiceOut: {
      /** a key; or silence, wrong, spoken, ready, late, right */
      event: string
      to: number
    }
    ConsoleMe: {
      current: components['schemas']['ConsoleMembership']
      /** refresh the session before */
      expires_at: string
      memberships: components['schemas']['ConsoleMembership'][]
      user: components['schemas']['ConsoleUser']
    }
    ConsoleMembership: {
      establishment_id: number
      /** in order of preference */
      languages: string[]
      name: string
      role: components['schemas']['Role']
      slug: string
      time_zone: string
    }
    ConsoleUser: {
      email: string
      id: number
      name: string | null
    }
    ContactChange: {
      /** what waits for the old one, later turns of a series too, goes to the new one; what has left and what was given another one in its own request stays. Null: the next channel that has an address, at its time; where there is none it has failed (`no_address`), with a task for staff */
      email?: string | null
      holidays?: components['schemas']['ContactHoliday'][] | null
      kind?: "patient" | "staff" | "student" | null
      language?: string | null
      name?: string | null
      patient_id?: string | null
      /** what waits for the old one, later turns of a series too, goes to the new one; what has left and what was given another one in its own request stays. Null: the next channel that has an address, at its time; where there is none it has failed (`no_address`), with a task for staff */
      phone_number?: string | null
      quiet_hours?: string | null
    }
    ContactHoliday: {
      day: string
      /** the same day of any year */
      every_year?: boolean
    }
    ContactHolidayOut: {
      day: string
      every_year: boolean
    }
    ContactIn: {
      email?: string | null
      /** days of their own on which nothing goes out to them; the whole list */
      holidays?: components['schemas']['ContactHoliday'][]
      kind?: "patient" | "staff" | "student"
      language?: string | null
      name?: string | null
      /** the hospital's own reference */
      patient_id: string
      phone_number?: string | null
      quiet_hours?: string | null
    }
    ContactOut: {
      created_at: string
      email: string | null
      holidays: components['schemas']['ContactHolidayOut'][]
      id: number
      kind: string
      language: string | null
      name: string | null
      patient_id: string
      phone_number: string | null
      quiet_hours: string | null
      updated_at: string
      version: number
    }
    ConversationChannel: "sms" | "whatsapp" | "voice"
    ConversationDetail: {
      channel: components['schemas']['ConversationChannel']
      ended_at: string | null
      feedback_id: number | null
      flow: string
      id: number
      language: string | null
      last_at: string
      /** once it is known whom it is about */
      patient_id: string | null
      /** null for a caller who hides it */
      phone_number: string | null
      reminder_id: number | null
      started_at: string
      /** in order; the reminder that was answered comes first */
      turns: components['schemas']['Turn'][]
      /** of one that is open: rating, words, patient, which_confirm, key, language … */
      waits_for: string | null
    }
    ConversationSummary: {
      channel: components['schemas']['ConversationChannel']
      ended_at: string | null
      feedback_id: number | null
      flow: string
      id: number
      language: string | null
      last_at: string
      /** once it is known whom it is about */
      patient_id: string | null
      reminder_id: number | null
      started_at: string
      /** of one that is open: rating, words, patient, which_confirm, key, language … */
      waits_for: string | null
    }
    CoverageOut: {
      approved: number
      flow: string
      language: string
      /** not there, or not approved */
      missing: string[]
      /** conversations take place in it */
      on: boolean
      phrases: number
      /** it can be switched on */
      ready: boolean
      recorded: number
      /** sent back to whoever wrote or recorded them */
      rejected: number
      switched_on: boolean
      /** written or recorded as the flow needs it */
      there: number
      /** written or recorded, for a second person to look at */
      waiting: number
    }
    CredentialOut: {
      hint: string
      name: string
      required: boolean
      secret: boolean
    }
    DeliveryCount: {
      channel: components['schemas']['Channel']
      count: number
      status: string
    }
    DeliveryEventOut: {
      at: string
      attempt: number
      cause: string
      code: string | null
      /** what this attempt went out from */
      sender_id?: number | null
      status: string
    }
    DeliveryOut: {
      attempt: number
      channel: components['schemas']['Channel']
      due_at: string
      error_code: string | null
      events?: components['schemas']['DeliveryEventOut'][]
      id: number
      /** what it said, if the reminder says another thing now */
      message?: string | null
      occurrence: string
      replied_at?: string | null
      /** the patient's: confirmed, reschedule */
      reply?: string | null
      /** that sender's label, else its address */
      sender?: string | null
      /** the sender of the latest attempt */
      sender_id?: number | null
      status: string
      valid_until: string
    }
    DeliveryOverview: {
      /** of the deliveries meant for that time */
      counts: components['schemas']['DeliveryCount'][]
      /** how late the longest waiting delivery is now */
      lag_seconds: number
      oldest_unknown_seconds: number | null
      since: string
      /** all that are unknown now, whenever meant for */
      unknown: components['schemas']['UnknownCount'][]
      until: string
    }
    DeliveryStatus: "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "expired" | "cancelled" | "suppressed"
    DeliverySummary: {
      attempt: number
      channel: components['schemas']['Channel']
      due_at: string
      error_code: string | null
      id: number
      occurrence: string
      patient_id: string | null
      reminder_id: number
      status: string
      valid_until: string
    }
    DepartmentChange: {
      active?: boolean | null
      name?: string | null
    }
    DepartmentIn: {
      active?: boolean
      /** stands in QR codes: small letters, digits and hyphens */
      code: string
      name: string
    }
    DepartmentOut: {
      active: boolean
      code: string
      id: number
      name: string
    }
    DeviceCodeOut: {
      code: string
      code_expires_at: string
      created_at: string
      enrolled_at: string | null
      for_staff: boolean
      id: number
      name: string
      revoked_at: string | null
      /** waiting, code_expired, enrolled or revoked */
      status: string
    }
    DeviceIn: {
      /** in the hands of staff: by `POST /sync` it hands in reminders, too */
      for_staff?: boolean
      name: string
    }
    DeviceOut: {
      created_at: string
      enrolled_at: string | null
      for_staff: boolean
      id: number
      name: string
      revoked_at: string | null
      /** waiting, code_expired, enrolled or revoked */
      status: string
    }
    DeviceTokenOut: {
      device_id: number
      /** its slug */
      establishment: string
      establishment_id: number
      name: string
      token: string
    }
    Direction: "in" | "out"
    DownOut: {
      /** opaque; for the next question */
      cursor: string
      sections: Record<string, unknown>
    }
    EnrolIn: {
      code: string
    }
    EstablishmentChange: {
      /** fewer that ended in the window raise no alarm */
      alarm_failing_count?: number | null
      /** an alarm when this share of what ended in the window did not arrive */
      alarm_failing_share?: number | null
      /** an alarm when something goes out so long after its time */
      alarm_late_after?: string | null
      /** an alarm when one has been unknown for so long */
      alarm_unknown_after?: string | null
      /** an alarm when so many are unknown at a time */
      alarm_unknown_count?: number | null
      /** looked back for that share */
      alarm_window?: string | null
      anonymous_feedback?: boolean | null
      /** message: that the hospital called, without any detail */
      answering_machines?: components['schemas']['AnsweringMachines'] | null
      /** a question where no answer can come back: refuse it, or drop it and send the rest */
      ask_one_way?: components['schemas']['AskOneWay'] | null
      /** when nobody picks up */
      call_again_after?: string | null
      /** times; 0: never */
      call_again_at_most?: number | null
      call_backs_per_hour?: number | null
      /** messages to one address on one local day; null: any number */
      daily_cap?: number | null
      /** a task for staff when no channel reached anybody */
      escalate?: boolean | null
      /** a reminder of an appointment goes out until so long before it */
      event_margin?: string | null
      fold_french_sms?: boolean | null
      /** call_back: rejected at the caller's no cost, then called back */
      inbound_calls?: components['schemas']['InboundCalls'] | null
      /** in order of preference */
      languages?: string[] | null
      /** of one message on one channel; null: as many as its validity has room for */
      max_attempts?: number | null
      name?: string | null
      quiet_hours?: string | null
      /** without a receipt by then another channel may take over */
      receipt_window?: string | null
      /** IANA name; only while nothing waits to be sent: what waits was planned by the old one */
      time_zone?: string | null
      /** what stays unknown for so long is ended as chosen here */
      unknown_after?: string | null
      /** give_up: a task for staff; resend: a possible double is accepted */
      unknown_email?: components['schemas']['UnknownChoice'] | null
      unknown_sms?: components['schemas']['UnknownChoice'] | null
      unknown_voice?: components['schemas']['UnknownChoice'] | null
      /** of reminders that do not say it; ISO 8601 duration or seconds */
      valid_for?: string | null
    }
    EstablishmentChoice: {
      establishment_id: number
    }
    EstablishmentOut: {
      alarm_failing_count: number
      alarm_failing_share: number
      /** seconds */
      alarm_late_after: number
      /** seconds */
      alarm_unknown_after: number
      alarm_unknown_count: number
      /** seconds */
      alarm_window: number
      anonymous_feedback: boolean
      answering_machines: components['schemas']['AnsweringMachines']
      ask_one_way: components['schemas']['AskOneWay']
      /** seconds */
      call_again_after: number
      call_again_at_most: number
      call_backs_per_hour: number
      daily_cap: number | null
      escalate: boolean
      /** seconds */
      event_margin: number
      fold_french_sms: boolean
      inbound_calls: components['schemas']['InboundCalls']
      languages: string[]
      max_attempts: number | null
      name: string
      quiet_hours: string | null
      /** seconds */
      receipt_window: number
      region: string
      slug: string
      time_zone: string
      /** seconds */
      unknown_after: number
      unknown_email: components['schemas']['UnknownChoice']
      unknown_sms: components['schemas']['UnknownChoice']
      unknown_voice: components['schemas']['UnknownChoice']
      /** seconds */
      valid_for: number
      version: number
    }
    Exclusion: "contact_gone" | "no_address" | "no_sender" | "opted_out" | "language_without_text" | "voice_needs_recording" | "name_missing" | "same_address" | "past_validity"
    FeedbackChange: {
      /** a member of staff; null: nobody's */
      assigned_to?: number | null
      /** for staff only; the patient never sees it */
      note?: string | null
      state?: components['schemas']['FeedbackState'] | null
    }
    FeedbackChannel: "app" | "web" | "sms" | "voice"
    FeedbackDetail: {
      answered_at: string | null
      assigned_to: number | null
      channel: components['schemas']['FeedbackChannel']
      /** `recorded_at` is of a clock that was far off */
      clock_wrong: boolean
      content: string | null
      /** of one that was said in a conversation: GET /api/v1/conversations/{id} */
      conversation_id: number | null
      date_submitted: string
      department: string | null
      emoji: string | null
      id: number
      language: string
      note: string | null
      patient_id: string | null
      processed: boolean
      rating: number | null
      recorded_at: string | null
      state: components['schemas']['FeedbackState']
      version: number
      /** address of the recording, if there is one */
      voice: string | null
      /** a recording was made, and has not arrived yet */
      voice_awaited: boolean
      voice_problems: string[]
      voice_seconds: number | null
    }
    FeedbackIn: {
      channel?: components['schemas']['FeedbackChannel']
      /** identity of this submission, made by the device, for ever */
      client_id?: string | null
      content?: string | null
      /** a department's code */
      department?: string | null
      emoji?: string | null
      /** english, french, duala, bassa or ewondo; or en, fr, dua, bas, ewo */
      language: string
      /** missing: anonymous */
      patient_id?: string | null
      rating?: number | null
      /** when the patient said it, by the device's clock */
      recorded_at?: string | null
      /** of a recording that is uploaded by itself (tus), before or after this */
      recording?: string | null
      /** base64: AMR-NB, 3GP, M4A, Opus, WebM or WAV, at most 2 MiB decoded */
      voice_data?: string | null
    }
    FeedbackOut: {
      content: string | null
      content_truncated?: boolean | null
      date_submitted: string
      emoji?: string | null
      has_voice?: boolean | null
      id: number
      language: string
      patient_id: string | null
      processed: boolean
      rating: number | null
    }
    FeedbackState: "open" | "answered" | "closed"
    FeedbackToday: {
      open: number
      open_mine: number
      open_nobodys: number
      received_today: number
    }
    FeedbackWhole: {
      answered_at: string | null
      answers: components['schemas']['AnswerOut'][]
      assigned_to: number | null
      channel: components['schemas']['FeedbackChannel']
      /** `recorded_at` is of a clock that was far off */
      clock_wrong: boolean
      content: string | null
      /** of one that was said in a conversation: GET /api/v1/conversations/{id} */
      conversation_id: number | null
      date_submitted: string
      department: string | null
      emoji: string | null
      id: number
      language: string
      note: string | null
      patient_id: string | null
      processed: boolean
      rating: number | null
      recorded_at: string | null
      state: components['schemas']['FeedbackState']
      version: number
      /** address of the recording, if there is one */
      voice: string | null
      /** a recording was made, and has not arrived yet */
      voice_awaited: boolean
      voice_problems: string[]
      voice_seconds: number | null
    }
    FileCheck: {
      columns: components['schemas']['FileColumn'][]
      /** false: the first line is a person, not headings */
      header: boolean
      refused: components['schemas']['CheckedLine'][]
      /** null: no column is known to be the reference */
      report: components['schemas']['FileReport'] | null
    }
    FileColumn: {
      /** what it would be taken for; null: not looked at */
      field: string | null
      heading: string
      /** from 0: what `column=patient_id:0` counts */
      place: number
      /** what stands there in the first lines */
      samples: string[]
    }
    FileReport: {
      /** to the list, when it was stored */
      added?: number | null
      /** lines of contacts that are here */
      known: number
      languages: components['schemas']['LanguageShare'][]
      /** lines with something on them, without the header */
      lines: number
      /** lines of contacts that are not */
      new: number
      /** the first 1,000 of them, when it was stored */
      refused?: components['schemas']['RefusedLine'][]
      refused_count: number
    }
    FlowOut: {
      coverage: components['schemas']['CoverageOut']
      flow: string
      language: string
      /** words, or recording where no voice speaks the language */
      needs: string
      phrases: components['schemas']['FlowPhrase'][]
      /** what stands for a value where it is shown */
      samples: Record<string, string>
      /** said in the words that ship, always on */
      ships: boolean
      spoken: boolean
    }
    FlowPhrase: {
      /** when it is said, by `fr` and `en` */
      about: Record<string, string>
      by_sms: boolean
      key: string
      /** as it ships, by `fr` and `en` */
      originals: Record<string, components['schemas']['ShippedWords']>
      placeholders: string[]
      /** by phone, or in the patients' app: it may be recorded */
      spoken: boolean
      state: components['schemas']['PhraseState']
      /** words that patients send, separated by commas */
      word_list: boolean
      words: components['schemas']['WordsOut']
    }
    Found: "arrived" | "not_arrived"
    Funnel: {
      cancelled: number
      channel: components['schemas']['Channel']
      delivered: number
      expired: number
      /** failed or undelivered */
      failed: number
      /** accepted by the carrier; no receipt (yet) */
      sent: number
      /** the patient had said stop */
      suppressed: number
      total: number
      unknown: number
      /** not gone out yet */
      waiting: number
    }
    HistoryChange: {
      after: string | number | null
      before: string | number | null
      field: string
    }
    HistoryItem: {
      /** received, change or answer */
      action: string
      /** user:7, or null for the patient */
      actor: string | null
      at: string
      changes?: components['schemas']['HistoryChange'][]
      /** of an answer */
      reminder_id?: number | null
    }
    HolidayIn: {
      day: string
      every_year?: boolean
      name: string
    }
    HolidayOut: {
      day: string
      every_year: boolean
      id: number
      name: string
    }
    HourCount: {
      channel: components['schemas']['Channel']
      count: number
      /** when it begins, by the establishment's clock */
      hour: string
    }
    ImportReport: {
      created: number
      ignored_columns: number
      /** lines with something on them, without the header */
      lines: number
      /** the first 1,000 of them */
      refused: components['schemas']['RefusedLine'][]
      refused_count: number
      /** false when a strict import stored nothing */
      stored: boolean
      /** contacts that were here already, exactly so */
      unchanged: number
    }
    InboundCalls: "answer" | "call_back"
    KnownOccurrence: {
      /** as `omissions` shows it, or local time */
      occurrence: string
    }
    Lag: {
      count: number
      median_seconds: number | null
      p90_seconds: number | null
      p99_seconds: number | null
    }
    LanguageCount: {
      chose_another: number
      language: string
      recipients: number
    }
    LanguageShare: {
      contacts: number
      language: string | null
    }
    LeftOutRun: {
      count: number
      first: string
      last: string
      /** skipped, missed, past, merged, quiet_hours or holiday */
      reason: string
    }
    LinkIn: {
      /** a department's code: what feedback by this link is about */
      department?: string | null
      /** missing: until it is revoked */
      expires_at?: string | null
      name: string
    }
    LinkMade: {
      created_at: string
      expires_at: string | null
      id: number
      name: string
      /** of the app, with the token in its fragment */
      path: string
      revoked_at: string | null
      /** good, expired or revoked */
      status: string
      token: string
    }
    LinkOut: {
      created_at: string
      expires_at: string | null
      id: number
      name: string
      revoked_at: string | null
      /** good, expired or revoked */
      status: string
    }
    ListReport: {
      added: number
      lines: number
      /** the first 1,000 of them */
      refused: components['schemas']['RefusedLine'][]
      refused_count: number
    }
    MeOut: {
      email: string
      establishment_id: number
      establishments: components['schemas']['MembershipOut'][]
      id: number
      name: string | null
      role: components['schemas']['Role']
    }
    MemberOut: {
      /** false: may no longer sign in here */
      active: boolean
      id: number
      /** the e-mail address of somebody who has given no name */
      name: string
      role: components['schemas']['Role']
    }
    MembershipOut: {
      id: number
      name: string
      role: components['schemas']['Role']
      slug: string
    }
    MessageExample: {
      language: string
      patient_id: string | null
      text: string
    }
    NextOccurrence: {
      /** why it goes out at another time */
      deferred?: string | null
      /** when it goes out, in the establishment's local time */
      local_time: string
      occurrence: string
      skipped?: boolean
    }
    NotArrived: {
      counts: components['schemas']['DeliveryCount'][]
      latest: components['schemas']['DeliverySummary'][]
      total: number
    }
    Occurrence: {
      /** as `next_occurrences` shows it, or local time; default: the next one */
      occurrence?: string | null
    }
    Outgoing: {
      by_hour: components['schemas']['HourCount'][]
      /** the next few, the first one first */
      next: components['schemas']['DeliverySummary'][]
      total: number
    }
    OwnWords: {
      approved_at: string | null
      approved_by: string | null
      has_recording: boolean
      /** whoever wrote, spelt or recorded it: none of them approves it */
      made_by: string[]
      rejected_at: string | null
      rejected_by: string | null
      /** why, for whoever wrote it */
      rejection: string | null
      sms_text: string | null
      text: string | null
      updated_at: string
      version: number
      written_by: string
    }
    PaceOut: {
      ends_at: string | null
      lasts_seconds: number
      local_end: string | null
      local_start: string
      rate_per_minute: number
      starts_at: string
      summary: string
      valid_until: string
    }
    Page_AuditOut_: {
      cursor?: string | null
      items: components['schemas']['AuditOut'][]
    }
    Page_CampaignSummary_: {
      cursor?: string | null
      items: components['schemas']['CampaignSummary'][]
    }
    Page_ContactOut_: {
      cursor?: string | null
      items: components['schemas']['ContactOut'][]
    }
    Page_ConversationSummary_: {
      cursor?: string | null
      items: components['schemas']['ConversationSummary'][]
    }
    Page_DeliverySummary_: {
      cursor?: string | null
      items: components['schemas']['DeliverySummary'][]
    }
    Page_DeviceOut_: {
      cursor?: string | null
      items: components['schemas']['DeviceOut'][]
    }
    Page_FeedbackDetail_: {
      cursor?: string | null
      items: components['schemas']['FeedbackDetail'][]
    }
    Page_LinkOut_: {
      cursor?: string | null
      items: components['schemas']['LinkOut'][]
    }
    Page_RecipientOut_: {
      cursor?: string | null
      items: components['schemas']['RecipientOut'][]
    }
    Page_ReminderSummary_: {
      cursor?: string | null
      items: components['schemas']['ReminderSummary'][]
    }
    Page_TaskSummary_: {
      cursor?: string | null
      items: components['schemas']['TaskSummary'][]
    }
    Page_UserOut_: {
      cursor?: string | null
      items: components['schemas']['UserOut'][]
    }
    PasswordChange: {
      current_password: string
      new_password: string
    }
    PendingPhrase: {
      flow: string
      has_recording: boolean
      key: string
      language: string
      made_by: string[]
      state: components['schemas']['PhraseState']
      text: string | null
      updated_at: string
      written_by: string
    }
    PhraseBook: {
      coverage: components['schemas']['CoverageOut'][]
      phrases: components['schemas']['PhraseOut'][]
    }
    PhraseCodeOut: {
      code: string
      expires_at: string
    }
    PhraseImport: {
      /** not translated yet: they take nothing away */
      empty: number
      /** the first 1,000 of them */
      refused: components['schemas']['RefusedPhrase'][]
      refused_count: number
      stored: boolean
      unchanged: number
      /** new words, for a second person to approve */
      written: number
    }
    PhraseIn: {
      /** another spelling for SMS; null: the same words */
      sms_text?: string | null
      /** null: the words that ship, or a recording alone */
      text?: string | null
    }
    PhraseOut: {
      flows: string[]
      key: string
      placeholders: string[]
      words: components['schemas']['WordsOut'][]
    }
    PhrasePreview: {
      encoding: string
      /** by SMS, with French folded if so set */
      goes_out: string
      segments: number
      shown: string
      units: number
    }
    PhraseRecordingIn: {
      /** of an upload of your own */
      recording?: string | null
      /** base64, at most 2 MiB decoded */
      voice_data?: string | null
    }
    PhraseState: "shipped" | "approved" | "waiting" | "rejected" | "missing"
    Progress: {
      cancelled: number
      delivered: number
      excluded: Record<string, number>
      expected_end: string | null
      expired: number
      /** refused, undelivered, or the address said stop */
      failed: number
      /** recipients with a reminder of their own */
      made: number
      queued: number
      rate_per_minute: number
      /** with the carrier at this moment, or unknown */
      sending: number
      /** accepted by the carrier, no receipt so far */
      sent: number
      /** recipients whose turn has not come */
      to_come: number
      total: number
    }
    ProviderOut: {
      channels: components['schemas']['Channel'][]
      credentials: components['schemas']['CredentialOut'][]
      name: string
      /** no account of the settings stands in for them */
      needed: boolean
      /** channels on which credentials of its own are taken */
      own: components['schemas']['Channel'][]
      /** addresses of ours that the provider must be told, so that what comes in reaches us; `{sender_id}` stands for the sender's */
      webhooks: Record<string, string>
    }
    RecipientOut: {
      contact_id: number
      position: number
      reason: components['schemas']['Exclusion'] | null
      reminder_id: number | null
      /** of the reminder */
      status: string | null
    }
    RefreshIn: {
      refresh_token: string
    }
    RefusedLine: {
      code: string
      field: string | null
      line: number
      reason: string
    }
    RefusedPhrase: {
      code: string
      field: string
      line: number
      reason: string
    }
    RejectionIn: {
      reason: string
    }
    ReminderChange: {
      /** in order of fallback, for what has not been tried: an occurrence of which a channel was tried goes on with those that were not */
      channels?: components['schemas']['Channel'][] | null
      /** a task for staff when no channel reached anybody; null: the establishment's */
      escalate?: boolean | null
      /** of a relative reminder: moves all that has not left */
      event_time?: string | null
      message?: string | null
      /** without a receipt by then, the next channel; null: the establishment's */
      receipt_window?: string | null
      /** what is null in it is as the establishment has it again */
      retry?: components['schemas']['RetryIn'] | null
      /** RFC 5545; counted from the next occurrence that has not left */
      rrule?: string | null
      scheduled_time?: string | null
      valid_for?: string | null
    }
    ReminderDetail: {
      /** after a cancel or a change: deliveries that had left, as they were */
      already_with_carrier?: number | null
      /** the messages that go out, or went, before the event */
      before?: string[] | null
      /** after a cancel: deliveries that will not go out */
      cancelled?: number | null
      /** since then nothing more leaves, whatever had left and its status */
      cancelled_at?: string | null
      channels: components['schemas']['Channel'][]
      /** that clock was a day or more off */
      clock_wrong?: boolean
      created_at: string
      deferred?: string | null
      deliveries: components['schemas']['DeliveryOut'][]
      email: string | null
      encoding?: string | null
      escalate: boolean
      event_time?: string | null
      expects_reply: boolean
      id: number
      language: string
      /** those that do not: see the reminder itself for why */
      left_out?: string[] | null
      local_time?: string | null
      message: string
      message_truncated?: boolean | null
      next_occurrences: components['schemas']['NextOccurrence'][]
      /** occurrences for which no message goes out */
      omissions: components['schemas']['LeftOutRun'][]
      patient_id: string | null
      phone_number: string | null
      /** seconds */
      receipt_window: number
      /** when it was captured offline, by the device's own clock */
      recorded_at?: string | null
      retry: components['schemas']['RetryOut']
      rrule?: string | null
      scheduled_time: string
      segments?: number | null
      status: string
      /** seconds */
      valid_for: number
      version: number
    }
    ReminderIn: {
      /** ISO 8601 durations; a message goes out so long before the event */
      before?: string[] | null
      channels?: components['schemas']['Channel'][] | null
      /** identity of this submission, for ever */
      client_id?: string | null
      email?: string | null
      /** a task for staff when no channel reached anybody */
      escalate?: boolean | null
      /** instead of `scheduled_time`: what `before` counts from */
      event_time?: string | null
      /** RFC 5545 EXDATE: occurrences of `rrule` that do not go out; they count for COUNT. Without an offset: the establishment's local time */
      exdates?: string[] | null
      expects_reply?: boolean
      language?: string | null
      message?: string | null
      parameters?: Record<string, string>
      patient_id?: string | null
      phone_number?: string | null
      /** without a receipt by then, the next channel (ISO 8601 duration or seconds) */
      receipt_window?: string | null
      retry?: components['schemas']['RetryIn'] | null
      /** RFC 5545 */
      rrule?: string | null
      /** without an offset: the establishment's local time */
      scheduled_time?: string | null
      /** instead of `message` */
      template?: string | null
      /** ISO 8601 duration (PT4H) or seconds; not sent later than that */
      valid_for?: string | null
    }
    ReminderOut: {
      /** after a cancel or a change: deliveries that had left, as they were */
      already_with_carrier?: number | null
      /** the messages that go out, or went, before the event */
      before?: string[] | null
      /** after a cancel: deliveries that will not go out */
      cancelled?: number | null
      channels: components['schemas']['Channel'][]
      deferred?: string | null
      email: string | null
      encoding?: string | null
      event_time?: string | null
      id: number
      language: string
      /** those that do not: see the reminder itself for why */
      left_out?: string[] | null
      local_time?: string | null
      message: string
      message_truncated?: boolean | null
      patient_id: string | null
      phone_number: string | null
      rrule?: string | null
      scheduled_time: string
      segments?: number | null
      status: string
    }
    ReminderPlan: {
      /** an answer is asked for, and can come back */
      asks?: boolean
      channels: components['schemas']['Channel'][]
      /** why it goes out at another time than asked for */
      deferred?: string | null
      /** of the SMS, if one goes out: GSM-7 or UCS-2 */
      encoding: string | null
      language: string
      /** when it goes out, in the establishment's local time */
      local_time: string
      next_occurrences?: components['schemas']['NextOccurrence'][]
      omissions?: components['schemas']['LeftOutRun'][]
      segments: number | null
    }
    ReminderStatus: "scheduled" | "active" | "done" | "partly_failed" | "failed" | "expired" | "cancelled"
    ReminderSummary: {
      channels: components['schemas']['Channel'][]
      id: number
      language: string
      patient_id: string | null
      rrule: string | null
      scheduled_time: string
      status: string
    }
    ReminderTimes: {
      id: number
      next_occurrences: components['schemas']['NextOccurrence'][]
      /** occurrences for which no message goes out */
      omissions: components['schemas']['LeftOutRun'][]
      status: string
      version: number
    }
    RetryIn: {
      /** when nobody picks up; ISO 8601 duration (PT15M) or seconds */
      call_again_after?: string | null
      /** times; 0: never */
      call_again_at_most?: number | null
      /** of one message on one channel */
      max_attempts?: number | null
    }
    RetryOut: {
      /** seconds */
      call_again_after: number
      call_again_at_most: number
      /** null: while it is valid */
      max_attempts: number | null
    }
    Role: "admin" | "staff" | "viewer"
    SaidOut: {
      key?: string | null
      /** phrase; message, voice, model or pause have no words here */
      kind: string
      language?: string | null
      recorded?: boolean
      /** of a pause */
      seconds?: number | null
      state?: components['schemas']['PhraseState'] | null
      text?: string | null
    }
    SenderChange: {
      /** true also takes a retired one back */
      active?: boolean | null
      can_receive?: boolean | null
      credentials?: Record<string, string | number | null> | null
      label?: string | null
      operators?: string[] | null
      priority?: number | null
      rate_per_minute?: number | null
      /** messages; null: as many as come */
      rate_per_second?: number | null
      /** false: take it into use again now */
      suspended?: false | null
    }
    SenderChoicesOut: {
      /** that numbers of the establishment's country tell */
      operators: string[]
      providers: components['schemas']['ProviderOut'][]
    }
    SenderGone: {
      id: number
      /** retired: something went out from it or came in, so it is kept for the record */
      outcome: "deleted" | "retired"
    }
    SenderIn: {
      /** a number in any writing, a name of at most 11 letters and digits for SMS, or an e-mail address */
      address: string
      /** answers to it (by voice: calls) reach us; left out: no, on WhatsApp yes */
      can_receive?: boolean | null
      channel: components['schemas']['Channel']
      credentials?: Record<string, string | number | null> | null
      /** what staff call it */
      label?: string | null
      /** whose subscribers it is for (`GET /senders/choices`); empty: everybody's */
      operators?: string[]
      /** the lowest is taken first; equals share the work */
      priority?: number
      /** left out: the usual one of this channel */
      provider?: string | null
      rate_per_minute?: number | null
      /** messages; null: as many as come */
      rate_per_second?: number | null
    }
    SenderOrder: {
      channel: components['schemas']['Channel']
      /** ids, the first to be taken first; those in one list share */
      order: number[][]
    }
    SenderOut: {
      active: boolean
      address: string
      can_receive: boolean
      channel: string
      gives_receipts: boolean
      /** an account of its own; which one is never shown */
      has_credentials: boolean
      id: number
      label: string | null
      operators: string[]
      priority: number
      /** when one delivery tries it again */
      probe_at: string | null
      provider: string
      rate_per_minute: number | null
      rate_per_second: number | null
      retired_at: string | null
      /** since then the provider takes nothing from it, or does not answer */
      suspended_at: string | null
      /** the provider's own code; `no_answer` where it has stopped answering */
      suspended_code: string | null
      /** as in `If-Match: "3"` */
      version: number
    }
    ShippedWords: {
      sms_text: string | null
      text: string | null
    }
    StartIn: {
      /** of the dry run that was looked at: refused (412) when who gets it, or what they get, has changed since. Without it: whoever is meant now */
      dry_run?: string | null
    }
    Statistics: {
      answer_times: components['schemas']['AnswerTimes']
      department: string | null
      from: string
      funnel: components['schemas']['Funnel'][]
      lag: components['schemas']['Lag']
      ratings: components['schemas']['WeekRating'][]
      time_zone: string
      to: string
      totals: components['schemas']['Totals']
      volume: components['schemas']['Volume'][]
    }
    SwitchIn: {
      on: boolean
    }
    SyncIn: {
      /** `feedback` as in `POST /feedback`, with a `type` and a `client_id` each; from staff also `reminder`, as in `POST /reminders`; or one of them `sealed` */
      items: unknown[]
      /** what the device's clock shows now; with an offset */
      sent_at: string
    }
    SyncOut: {
      /** not with `return=minimal` */
      cursor?: string | null
      results: components['schemas']['SyncResult'][]
    }
    SyncResult: {
      client_id: string | null
      code?: string | null
      detail?: string | null
      field?: string | null
      /** of a conflict: those that differ */
      fields?: string[] | null
      id?: number | null
      /** place in the batch, without a client_id */
      index?: number | null
      status: components['schemas']['SyncStatus']
    }
    SyncStatus: "created" | "duplicate" | "conflict" | "rejected"
    SystemReason: {
      /** of a suspended sender */
      channel?: components['schemas']['Channel'] | null
      /** no_scheduler_seen, no_worker_seen, queue_unreachable, dry_run, deliveries_failing, deliveries_late, deliveries_unknown, sender_suspended, webhooks_turned_away */
      code: string
      /** of an alarm */
      since?: string | null
    }
    SystemState: {
      /** how late the longest waiting message is now */
      lag_seconds: number
      reasons: components['schemas']['SystemReason'][]
      /** ok or degraded */
      status: string
    }
    TaskChange: {
      /** null: nobody's, open again */
      assigned_to?: number | null
      /** without an offset: UTC */
      due_at?: string | null
      /** closes the task of an unknown delivery; goes with `done` */
      found?: components['schemas']['Found'] | null
      note?: string | null
      /** goes with `not_arrived`; without it nothing more is sent */
      send_again?: boolean | null
      /** `taken` without `assigned_to`: by whoever asks */
      state?: components['schemas']['TaskState'] | null
    }
    TaskKindCount: {
      count: number
      kind: string
    }
    TaskOut: {
      /** the number of a user */
      assigned_to: number | null
      contact_id: number | null
      /** what was said: GET /api/v1/conversations/{id} */
      conversation_id: number | null
      created_at: string
      delivery_id: number | null
      done_at: string | null
      /** user:7, or `engine` */
      done_by: string | null
      due_at: string | null
      feedback_id: number | null
      id: number
      kind: string
      note: string | null
      reminder_id: number | null
      state: components['schemas']['TaskState']
      /** of an alarm: its kind */
      subject: string | null
      /** of the task `unknown_delivery` */
      unknown: components['schemas']['UnknownOut'] | null
      updated_at: string
      version: number
    }
    TaskState: "open" | "taken" | "done"
    TaskSummary: {
      /** the number of a user */
      assigned_to: number | null
      contact_id: number | null
      /** what was said: GET /api/v1/conversations/{id} */
      conversation_id: number | null
      created_at: string
      delivery_id: number | null
      done_at: string | null
      /** user:7, or `engine` */
      done_by: string | null
      due_at: string | null
      feedback_id: number | null
      id: number
      kind: string
      reminder_id: number | null
      state: components['schemas']['TaskState']
      /** of an alarm: its kind */
      subject: string | null
      /** of the task `unknown_delivery` */
      unknown: components['schemas']['UnknownOut'] | null
      version: number
    }
    TasksWaiting: {
      by_kind: components['schemas']['TaskKindCount'][]
      mine: number
      nobodys: number
      others: number
      /** of all of them */
      overdue: number
    }
    TemplateOut: {
      name: string
      parameters: string[]
      texts: components['schemas']['TemplateText'][]
    }
    TemplateText: {
      language: string
      text: string
    }
    TextCost: {
      encoding: string
      language: string
      /** units before another segment is needed */
      left: number
      /** the characters that force UCS-2 */
      offending: string[]
      same_for_all: boolean
      segments: number
    }
    TextsIn: {
      /** by language; {name} and {patient_id} stand for the contact's own, and each of `value_names` for what the list says of them */
      texts: Record<string, string>
      /** an example of each value of the recipients' own */
      values?: Record<string, unknown>
    }
    Today: {
      /** by the establishment's calendar */
      day: string
      feedback: components['schemas']['FeedbackToday']
      not_arrived: components['schemas']['NotArrived']
      now: string
      outgoing: components['schemas']['Outgoing']
      system: components['schemas']['SystemState']
      tasks: components['schemas']['TasksWaiting']
      time_zone: string
      unknown: components['schemas']['UnknownNow']
      /** the end of tonight: what `outgoing` counts to */
      until: string
    }
    TokenOut: {
      access_token: string
      establishment_id: number
      /** seconds */
      expires_in: number
      refresh_token: string
      role: components['schemas']['Role']
      token_type?: string
    }
    Totals: {
      average_rating: number | null
      feedbacks: number
      rated: number
      /** of those rated: 4 or 5 */
      satisfied_share: number | null
      still_open: number
      with_voice: number
    }
    Turn: {
      at: string
      call_id?: number | null
      /** the carrier has recognised STOP, START or HELP and answered */
      carrier_answered?: boolean
      delivery_id?: number | null
      direction: components['schemas']['Direction']
      error_code?: string | null
      /** pictures and the like, which are not kept */
      media?: number
      message_id?: number | null
      /** reminder, reply, opt_out or answer */
      purpose?: string | null
      reminder_id?: number | null
      /** of a call that has ended */
      seconds?: number | null
      /** of the delivery; of a call: the provider's word */
      status?: string | null
      /** null for a call */
      text?: string | null
    }
    UnknownChoice: "give_up" | "resend"
    UnknownCount: {
      /** `answer`: the call's outcome; `lease ran out`: a crash */
      cause: string
      channel: components['schemas']['Channel']
      /** timeout, cut, or the provider's own code */
      code: string | null
      count: number
    }
    UnknownNow: {
      count: number
      oldest_seconds: number | null
    }
    UnknownOut: {
      attempted_at: string | null
      /** `answer`: the call's outcome; `lease ran out`: a crash */
      cause: string
      channel: components['schemas']['Channel']
      /** timeout, cut, or the provider's own code */
      code: string | null
      /** of the delivery now */
      status: string
      valid_until: string
    }
    UserChange: {
      active?: boolean | null
      role?: components['schemas']['Role'] | null
    }
    UserIn: {
      email: string
      name?: string | null
      /** the first one, 12 characters or more */
      password: string
      role: components['schemas']['Role']
    }
    UserOut: {
      active: boolean
      created_at: string
      email: string
      id: number
      name: string | null
      role: components['schemas']['Role']
    }
    Volume: {
      channel: components['schemas']['FeedbackChannel']
      count: number
      language: string
      week: string
    }
    WeekRating: {
      average: number
      /** with a rating */
      count: number
      /** its code; null: none was named */
      department: string | null
      /** how many gave 1, 2, 3, 4, 5 */
      distribution: number[]
      /** its Monday, by the establishment's calendar */
      week: string
    }
    WordsOut: {
      encoding: string | null
      /** as it goes out by SMS, with French folded if so set */
      goes_out: string | null
      language: string
      own: components['schemas']['OwnWords'] | null
      segments: number | null
      shipped: components['schemas']['ShippedWords'] | null
      /** the newest words, approved or not */
      text: string | null
      units: number | null
    }
  }
}

export type Problem = {
  /** stable */
  code: string
  detail: string
  errors?: Record<string, unknown>[]
  /** what was wrong, never its value */
  field?: string
  fields?: string[]
  id?: number
  status: number
  title: string
  type: string
}
