"""The shop's addresses; the front page and texts are Wagtail's."""

from django.urls import path

from sandbox.shop.views import account, cart, catalogue, checkout, membership

app_name = "shop"

urlpatterns = [
    path("shop/", catalogue.shelf, name="shelf"),
    path("shop/<slug:category>/", catalogue.shelf, name="category"),
    path("products/<slug:slug>/", catalogue.product, name="product"),
    path("cart/", cart.page, name="cart"),
    path("cart/add/", cart.add, name="cart-add"),
    path("cart/change/", cart.change, name="cart-change"),
    path("cart/code/", cart.code, name="cart-code"),
    path("checkout/", checkout.address, name="checkout"),
    path("checkout/delivery/", checkout.delivery, name="checkout-delivery"),
    path("checkout/payment/", checkout.payment, name="checkout-payment"),
    path("checkout/thank-you/", checkout.thanks, name="checkout-thanks"),
    path("account/", membership.page, name="membership"),
    path("account/orders/", account.orders, name="orders"),
    path("account/orders/<str:order_id>/", account.order, name="order"),
    path("account/sign-in/", account.sign_in, name="sign-in"),
    path("account/join/", account.register, name="register"),
    path("account/joined/", account.registered, name="registered"),
    path("account/confirm/", account.confirm, name="confirm"),
    path("account/sign-out/", account.sign_out, name="sign-out"),
]
