// Vendure as a program of its own, for `compare --axis vendure`: `node server.cjs populate` makes its tables and one
// product, `node server.cjs` serves. The address of the database and the port come from the environment.
'use strict';

const path = require('node:path');
const { bootstrap, dummyPaymentHandler, DefaultJobQueuePlugin, DefaultLogger, LogLevel } = require('@vendure/core');
const { populate } = require('@vendure/core/cli');

const populates = process.argv[2] === 'populate';

const config = {
  apiOptions: {
    hostname: '127.0.0.1',
    port: Number(process.env.PEER_PORT),
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
  },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    requireVerification: false,
    cookieOptions: { secret: process.env.PEER_SECRET },
    superadminCredentials: { identifier: 'superadmin', password: process.env.PEER_SECRET },
  },
  dbConnectionOptions: {
    type: 'postgres',
    url: process.env.PEER_DATABASE_URL,
    synchronize: populates,
    logging: false,
    extra: { max: 20 },
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: false }),
  // Jobs are kept as durably as ours; search and e-mail are left off.
  plugins: [DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true })],
};

const content = {
  defaultLanguage: 'en',
  defaultZone: 'Americas',
  countries: [{ code: 'US', name: 'United States of America', zone: 'Americas' }],
  taxRates: [{ name: 'Standard Tax', percentage: 8 }],
  shippingMethods: [{ name: 'Standard Shipping', price: 290 }],
  paymentMethods: [
    {
      name: 'Dummy',
      handler: { code: dummyPaymentHandler.code, arguments: [{ name: 'automaticSettle', value: 'false' }] },
    },
  ],
  collections: [],
};

async function main() {
  if (populates) {
    const app = await populate(() => bootstrap(config), content, path.join(__dirname, 'products.csv'));
    await app.close();
    process.exit(0);
  }
  await bootstrap(config);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
